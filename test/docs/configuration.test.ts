import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/loader.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'assay-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** YAML blocks of a page that are whole configurations. */
function configurationsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```yaml\n(.*?)```/gs)]
    .map((match) => match[1] ?? '')
    .filter((yaml) => yaml.includes('policies:'));
}

const blocks = ['README.md', 'docs/configuration.md'].flatMap((page) =>
  configurationsOf(page).map((yaml, index) => [`${page} #${index + 1}`, yaml] as const),
);

describe('configurations in the documentation', () => {
  it('are there', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(2);
  });

  it.each(blocks)('%s is valid', (_, yaml) => {
    const path = join(folder, 'assay.yaml');
    writeFileSync(path, yaml);
    const builtInTemplates = join(root, 'src/judging/templates');
    const environment = { LARGE_KEY: 'x', VLLM_KEY: 'x' };
    expect(() => loadConfig(path, { environment, builtInTemplates })).not.toThrow();
  });
});
