import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/loader.ts';
import { valuesSchema } from '../tools/chart/values.ts';
import { objects } from './rendered.ts';
import { CHART, ROOT, valueSets } from './value-sets.ts';

const SECRETS = {
  ASSAY_POSTGRES_URL: 'postgres://assay:secret@db:5432/assay',
  ASSAY_POSTGRES_PASSWORD: 'secret',
  ASSAY_REDIS_PASSWORD: 'secret',
  ASSAY_ENGINE_LARGE_KEY: 'key',
  LARGE_KEY: 'key',
  FENCE_SECRET: 'a secret that is long enough',
};

describe('values', () => {
  it('of the chart have all keys of the schema, and no other', () => {
    const values: unknown = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
    expect(valuesSchema.safeParse(values).error?.issues ?? []).toEqual([]);
  });

  it('are all documented', () => {
    const readme = readFileSync(join(CHART, 'README.md'), 'utf8');
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(150);
    expect(rows.filter((row) => /\| *\|$/.test(row))).toEqual([]);
    expect(readme).toContain('| `shutdown.lookAwaySeconds` | `5` |');
    expect(readme).toContain('| `quantization` | – | vLLM: awq');
  });

  it.each([...valueSets().keys()])('of %s make a configuration that the gateway takes', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-chart-'));
    try {
      const map = objects(name).find(({ kind, data }) => kind === 'ConfigMap' && 'assay.yaml' in data);
      for (const [key, text] of Object.entries(map?.data ?? {})) {
        const path = join(folder, key.replace('__', '/'));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
      const { config } = loadConfig(join(folder, 'assay.yaml'), {
        environment: SECRETS,
        builtInTemplates: join(ROOT, 'src/judging/templates'),
      });
      expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8080 });
      expect(config.server.lookAwayMs).toBeGreaterThan(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
