import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The chart, the value sets that it is rendered with, and the committed renders ("golden" ones). */
export const ROOT = join(import.meta.dirname, '../..');
export const CHART = join(ROOT, 'helm/assay');
export const GOLDEN = join(ROOT, 'helm/golden');
/** Hash of everything that the golden renders were made from. */
export const SOURCES = join(GOLDEN, 'SOURCES.sha256');

/** Name -> values file: the examples of the chart, and what only the tests need. */
export function valueSets(): ReadonlyMap<string, string> {
  const files = ['helm/assay/examples/*.yaml', 'test/helm/values/*.yaml'].flatMap((pattern) =>
    globSync(pattern, { cwd: ROOT }),
  );
  return new Map(files.toSorted().map((file) => [basename(file, '.yaml'), join(ROOT, file)]));
}

/** Made from the configuration's schema: it refuses values, and changes no render. */
const NOT_RENDERED = new Set(['README.md', 'values.schema.json']);

/** What helm is asked for one render: release, namespace and a Kubernetes version are part of it. */
export function templateArguments(valuesFile: string): string[] {
  const release = ['template', 'assay', CHART, '--namespace', 'judges'];
  return [...release, '--kube-version', '1.34.0', '--values', valuesFile];
}

export function sourcesHash(): string {
  const chart = globSync('helm/assay/**/*', { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_RENDERED.has(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of [...chart, ...valueSets().values()].toSorted()) {
    hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** Dashboards are checked where they are made; here only that the same one is meant. */
export function shorten(render: string): string {
  return render.replaceAll(/^( {2}assay-[a-z]+\.json: )(".{1000,}")$/gm, (_, key: string, text: string) => {
    return `${key}sha256:${createHash('sha256').update(text).digest('hex')}`;
  });
}
