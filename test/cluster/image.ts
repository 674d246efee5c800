import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Two images as the Dockerfile makes them: this version, and a "next" one with one migration more. */
export interface Images {
  readonly folder: string;
  readonly current: { readonly tar: string; readonly tag: string };
  readonly next: { readonly tar: string; readonly tag: string };
  readonly megabytes: number;
}

/**
 * Made by deploy/assemble.sh, which the Dockerfile runs too, and Node's own binary with the libraries that
 * the distroless base holds. `tools` is the folder with mkimage.py.
 */
export function makeImages(tools: string): Images {
  const folder = mkdtempSync(join(tmpdir(), 'assay-image-'));
  const app = join(folder, 'app');
  execFileSync(join(ROOT, 'deploy/assemble.sh'), [app], { stdio: ['ignore', 'ignore', 'inherit'] });
  const next = join(folder, 'next');
  cpSync(app, next, { recursive: true });
  addMigration(join(next, 'src/ledger/migrations'));
  const [current, following] = [app, next].map((source, i) => {
    const tag = i === 0 ? 'current' : 'next';
    const tar = join(folder, `${tag}.tar`);
    execFileSync('python3', [
      join(tools, 'mkimage.py'),
      tar,
      `local.test/assay:${tag}`,
      ...imageOptions(source),
    ]);
    return { tar, tag };
  });
  if (current === undefined || following === undefined) throw new Error('no image was made');
  return { folder, current, next: following, megabytes: statSync(current.tar).size / 1e6 };
}

function imageOptions(app: string): string[] {
  const node = process.execPath;
  const entry = ['/usr/local/bin/node', '--max-semi-space-size=16', '/app/src/main.ts'];
  const files = [`${app}:/app`, `${node}:/usr/local/bin/node`];
  const shared = libraries(node).map((path) => `${realPath(path)}:${path}`);
  const command = ['serve', '--config', '/etc/assay/assay.yaml'];
  return [
    ...[...files, ...shared].flatMap((add) => ['--add', add]),
    ...entry.map((word) => `--entrypoint=${word}`),
    ...command.map((word) => `--cmd=${word}`),
    '--env=NODE_ENV=production',
    '--workdir=/app',
    '--user=65532:65532',
    '--port=8080',
    '--port=8081',
    '--port=9464',
  ];
}

function libraries(binary: string): string[] {
  const text = execFileSync('ldd', [binary], { encoding: 'utf8' });
  return [...text.matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}

function realPath(path: string): string {
  return execFileSync('readlink', ['-f', path], { encoding: 'utf8' }).trim();
}

/** A migration that only the next version has. */
function addMigration(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const code = `import type { Kysely } from 'kysely';
export const upgradeTest = {
  up: (db: Kysely<unknown>): Promise<void> => db.schema.createTable('upgrade_test').addColumn('id', 'integer').execute(),
};
`;
  writeFileSync(join(folder, '9999-upgrade-test.ts'), code);
  const index = join(folder, 'index.ts');
  const text = readFileSync(index, 'utf8');
  const changed = text.replace(/(MIGRATIONS[^=]*= \{)/, "$1\n  '9999-upgrade-test': upgradeTest,");
  if (changed === text) throw new Error('the list of migrations has another form than expected');
  writeFileSync(index, `import { upgradeTest } from './9999-upgrade-test.ts';\n${changed}`);
}
