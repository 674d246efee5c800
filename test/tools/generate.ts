import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alertRules } from './alerts.ts';
import { chartReadme } from './chart/readme.ts';
import { valuesJsonSchema } from './chart/values-schema.ts';
import { consoleFiles } from './console.ts';
import { configurationPage } from './configuration-page.ts';
import { DASHBOARDS } from './dashboards/all.ts';
import { renderDashboard } from './dashboards/render.ts';
import { metricsPage } from './metrics-page.ts';
import { CONFIG_JSON_SCHEMA } from '../../src/config/json-schema.ts';
import { openApiDocument } from '../../src/wire/openapi.ts';

/**
 * Writes the files that are made from the code (`npm run docs`), or with `--check` tells which of them
 * are out of date and fails.
 */
const root = join(import.meta.dirname, '../..');

/** In the chart too: Helm reads only what lies in its folder. */
const dashboards = Object.entries(DASHBOARDS).flatMap(([name, plan]): [string, () => string][] =>
  ['deploy', 'helm/assay/files'].map((folder) => [
    `${folder}/grafana/assay-${name}.json`,
    () => renderDashboard(plan),
  ]),
);

const bundle = Object.entries(await consoleFiles()).map(([name, text]): [string, () => string] => [
  `src/console/dist/${name}`,
  () => text,
]);

const files: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(bundle),
  ...Object.fromEntries(dashboards),
  'docs/configuration.md': configurationPage,
  'deploy/prometheus/assay-rules.yaml': alertRules,
  'helm/assay/files/assay-rules.yaml': alertRules,
  'helm/assay/values.schema.json': () => json(valuesJsonSchema()),
  'helm/assay/README.md': chartReadme,
  'docs/metrics.md': metricsPage,
  'docs/reference/assay.schema.json': () => json(CONFIG_JSON_SCHEMA),
  'docs/reference/openapi.json': () => json(openApiDocument({ version: packageVersion() })),
};

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return version;
}

function current(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const stale: string[] = [];
for (const [name, make] of Object.entries(files)) {
  const path = join(root, name);
  const text = make();
  if (current(path) === text) continue;
  stale.push(name);
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run npm run docs`);
  process.exitCode = 1;
} else {
  console.log(stale.length === 0 ? 'generated files are current' : `wrote ${stale.join(', ')}`);
}
