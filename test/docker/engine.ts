import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A Docker engine to test with: the one of this machine, else one of our own for as long as the tests run. */
export interface FoundEngine {
  /** Value of DOCKER_HOST, or null: see `reason`. */
  readonly host: string | null;
  readonly reason: string;
  stop(): Promise<void>;
}

/** Debian's client knows how to ask its own engine for BuildKit; others on the path may not. */
export const DOCKER = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
const START_MS = 60_000;

export async function findEngine(): Promise<FoundEngine> {
  const given = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  if (answers(given)) return { host: given, reason: '', stop: () => Promise.resolve() };
  const none = (reason: string): FoundEngine => ({ host: null, reason, stop: () => Promise.resolve() });
  if (process.getuid?.() !== 0) return none(`nothing answers at ${given}, and only root can start an engine`);
  for (const command of ['containerd', 'dockerd', DOCKER])
    if (spawnSync(command, ['--version']).error !== undefined)
      return none(`there is no ${command} (Debian: docker.io)`);
  return startEngine();
}

function answers(host: string): boolean {
  const { status } = spawnSync(DOCKER, ['version'], {
    env: { ...process.env, DOCKER_HOST: host },
    timeout: 10_000,
  });
  return status === 0;
}

/** In a folder of its own, without touching this machine's network: containers share its network or have none. */
async function startEngine(): Promise<FoundEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-docker-'));
  const path = (name: string): string => join(folder, name);
  const settings = `version = 2
root = "${path('containerd')}"
state = "${path('run')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${path('containerd.sock')}"
`;
  writeFileSync(path('containerd.toml'), settings);
  const log = openSync(path('log'), 'a');
  const start = (command: string, args: string[]) => spawn(command, args, { stdio: ['ignore', log, log] });
  const runtime = start('containerd', ['--config', path('containerd.toml')]);
  const host = `unix://${path('docker.sock')}`;
  const places = ['--data-root', path('data'), '--exec-root', path('exec'), '--pidfile', path('pid')];
  const alone = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const daemon = start('dockerd', [
    '--host',
    host,
    '--containerd',
    path('containerd.sock'),
    ...places,
    ...alone,
  ]);
  const stop = async (): Promise<void> => {
    await end(daemon);
    await end(runtime);
    rmSync(folder, { recursive: true, force: true });
  };
  const until = performance.now() + START_MS;
  while (!answers(host)) {
    if (daemon.exitCode === null && performance.now() < until) await delay(200);
    else {
      const said = readFileSync(path('log'), 'utf8').trim().split('\n').slice(-3).join('\n');
      await stop();
      return { host: null, reason: `dockerd does not start here: ${said}`, stop: () => Promise.resolve() };
    }
  }
  return { host, reason: '', stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** What a command of the client said. */
export interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** The client of one engine. */
export class Docker {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(host: string) {
    this.#environment = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '1' };
  }

  try(...args: string[]): Answer {
    const { status, stdout, stderr } = spawnSync(DOCKER, args, {
      env: this.#environment,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return { ok: status === 0, stdout: stdout.trim(), stderr: stderr.trim() };
  }

  /** Standard output of a command that must go well. */
  run(...args: string[]): string {
    const { ok, stdout, stderr } = this.try(...args);
    if (!ok) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** A command that goes on beside the test. */
  start(...args: string[]): ChildProcess {
    return spawn(DOCKER, args, { env: this.#environment, stdio: ['ignore', 'pipe', 'inherit'] });
  }
}
