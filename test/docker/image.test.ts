import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { makeBases } from './bases.ts';
import { Docker } from './engine.ts';

const ROOT = join(import.meta.dirname, '../..');
const host = inject('dockerHost');
const docker = new Docker(host ?? '');
const mark = `assay-test-${process.pid}`;
const IMAGE = `${mark}:image`;
const folder = mkdtempSync(join(tmpdir(), 'assay-image-test-'));
const GATEWAY = 'http://127.0.0.1:8080';
const PAIRS = join(ROOT, 'src/cli/demo/pairs.jsonl');
/** As compose and the chart run it. */
const HARDENED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--tmpfs=/tmp'];

const config = {
  server: { allowAnonymous: true, lookAwayMs: 2_000 },
  metrics: { port: 9464 },
  storage: { kind: 'embedded', directory: '/tmp/data' },
  engines: {
    only: {
      kind: 'openai',
      replicas: ['http://127.0.0.1:8000'],
      model: 'toy',
      cost: { inputPerMtokUsd: 0.1, outputPerMtokUsd: 0.2 },
    },
  },
  judges: { quick: { engine: 'only' } },
  policies: { default: { tiers: ['quick'] } },
};

/** Starts a container; with `beside`, in the network of that one. */
function startContainer(name: string, beside: string | null, options: string[], ...command: string[]): void {
  const network = beside === null ? 'none' : `container:${mark}-${beside}`;
  docker.run(
    'run',
    '--detach',
    '--name',
    `${mark}-${name}`,
    `--network=${network}`,
    ...HARDENED,
    ...options,
    IMAGE,
    ...command,
  );
}

function volumes(mounts: readonly string[]): string[] {
  return mounts.flatMap((mount) => ['--volume', mount]);
}

/** Standard output of JavaScript that the gateway's container runs. */
function inGateway(code: string): string {
  return docker.run('exec', `${mark}-gateway`, '/usr/local/bin/node', '-e', code);
}

function inspect(name: string, format: string): string {
  return docker.run('inspect', '--format', format, `${mark}-${name}`);
}

async function until(name: string, format: string, value: string): Promise<void> {
  while (inspect(name, format) !== value) {
    if (inspect(name, '{{.State.Running}}') !== 'true')
      throw new Error(docker.run('logs', `${mark}-${name}`));
    await delay(250);
  }
}

const tallySchema = z.object({
  sent: z.number(),
  ok: z.number(),
  failures: z.record(z.string(), z.number()),
});

describe.skipIf(host === null)('the image of deploy/Dockerfile', () => {
  beforeAll(async () => {
    const bases = makeBases(docker);
    const build = ['build', '--network=host', '--file', 'deploy/Dockerfile', '--tag', IMAGE];
    const from = ['--build-arg', `NODE_IMAGE=${bases.node}`, '--build-arg', `BASE_IMAGE=${bases.base}`];
    docker.run(...build, ...from, ROOT);
    const bytes = Number(docker.run('image', 'inspect', '--format', '{{.Size}}', IMAGE));
    console.log(
      `bases: ${bases.areReal ? 'real' : 'stand-ins of Debian packages'}; image: ${(bytes / 1e6).toFixed(0)} MB`,
    );
    writeFileSync(join(folder, 'assay.yaml'), JSON.stringify(config));
    startContainer('engine', null, ['--no-healthcheck'], 'simulate', '--port', '8000', '--model', 'toy');
    const mounts = [`${join(folder, 'assay.yaml')}:/etc/assay/assay.yaml:ro`, `${PAIRS}:/pairs.jsonl:ro`];
    startContainer('gateway', 'engine', volumes(mounts));
    await until('gateway', '{{.State.Health.Status}}', 'healthy');
  });

  afterAll(() => {
    for (const name of ['gateway', 'engine', 'load'])
      docker.try('rm', '--force', '--volumes', `${mark}-${name}`);
    docker.try('image', 'rm', IMAGE);
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no shell, no package manager and no compiler', () => {
    for (const command of ['sh', 'bash', 'npm', 'apt-get', 'cc', 'python3']) {
      const { ok, stderr } = docker.try('run', '--rm', '--network=none', '--entrypoint', command, IMAGE);
      expect([ok, stderr]).toEqual([false, expect.stringContaining('executable file not found')]);
    }
  });

  it('runs as nobody, who can write nowhere but in /tmp', () => {
    const code = `
      const fs = require('node:fs');
      const write = (path) => { try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      console.log(process.getuid(), process.getgid(), write('/app/x'), write('/x'), write('/tmp/x'));`;
    expect(inGateway(code)).toBe('65532 65532 EROFS EROFS written');
    // Also where the root may be written: nothing of /app is his.
    const node = ['--network=none', '--entrypoint=/usr/local/bin/node', IMAGE];
    const open = docker.run('run', '--rm', ...node, '-e', code);
    expect(open).toBe('65532 65532 EACCES EACCES written');
  });

  it('carries a list of what is inside', () => {
    docker.run('cp', `${mark}-gateway:/app/sbom.json`, join(folder, 'sbom.json'));
    const schema = z.object({
      bomFormat: z.literal('CycloneDX'),
      components: z.array(z.object({ name: z.string(), purl: z.string() })),
    });
    const { components } = schema.parse(JSON.parse(readFileSync(join(folder, 'sbom.json'), 'utf8')));
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['express', 'undici', 'pg']));
    expect(names.filter((name) => ['vitest', 'typescript', 'oxlint'].includes(name))).toEqual([]);
  });

  it('labels pairs, through the command that is inside', () => {
    const assay = ['/usr/local/bin/node', '/app/src/main.ts'];
    const label = ['label', '/pairs.jsonl', '-o', '/tmp/labels.jsonl', '--url', GATEWAY];
    docker.run('exec', `${mark}-gateway`, ...assay, ...label);
    const rows = inGateway(`console.log(require('node:fs').readFileSync('/tmp/labels.jsonl', 'utf8'))`);
    const row = z.object({ label: z.string().nullable() });
    const labels = rows.split('\n').map((line) => row.parse(JSON.parse(line)).label);
    expect(labels).toHaveLength(64);
    expect(labels.filter((label) => !['a', 'b', 'tie'].includes(label ?? ''))).toEqual([]);
  });

  it('ends by itself after SIGTERM, and what was asked before is answered', async () => {
    const verdicts = (): number =>
      Number(
        inGateway(`fetch('http://127.0.0.1:9464/metrics').then((reply) => reply.text()).then((text) => {
        const counts = text.match(/^assay_verdicts_total\\{.*/gm) ?? [];
        console.log(counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0));
      })`),
      );
    const before = verdicts();
    const mounts = [`${join(ROOT, 'test/cluster/load.ts')}:/app/load.ts:ro`, `${PAIRS}:/pairs.jsonl:ro`];
    const options = ['--no-healthcheck', '--entrypoint=/usr/local/bin/node', ...volumes(mounts)];
    startContainer('load', 'engine', options, '/app/load.ts', GATEWAY, '/pairs.jsonl', '60', '8');
    while (verdicts() < before + 100) await delay(100);

    const stop = once(docker.start('stop', '--time', '60', `${mark}-gateway`), 'exit');
    // The clients look away once the gateway says that it is not ready, as a balancer makes them.
    const status = `fetch('${GATEWAY}/readyz').then((reply) => console.log(reply.status))`;
    while (inGateway(status) === '200') await delay(50);
    docker.run('kill', '--signal=TERM', `${mark}-load`);
    await stop;
    expect(inspect('gateway', '{{.State.ExitCode}}')).toBe('0');
    docker.run('wait', `${mark}-load`);
    const { sent, ok, failures } = tallySchema.parse(JSON.parse(docker.run('logs', `${mark}-load`)));
    expect([ok, failures]).toEqual([sent, {}]);
    expect(sent).toBeGreaterThan(100);
  });
});
