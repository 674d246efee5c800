import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
}

/** The whole program, as users start it. */
function assay(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'src/main.ts'), ...args], (error, stdout) => {
      resolve({ code: error === null ? 0 : error.code, stdout });
    });
  });
}

describe('the assay process', () => {
  it('labels the shipped pairs with its simulated engines, mostly as people do, and keeps them', async () => {
    const pairs = join(root, 'src/cli/demo/pairs.jsonl');
    const output = temporaryFolder()('labels.jsonl');
    const args = ['label', pairs, '-o', output, '--simulated', '--quiet', '--json'];
    const first = await assay(...args);
    expect(first.code).toBe(0);
    const summary = JSON.parse(first.stdout) as Record<string, unknown>;
    const rows = readJsonLines(output);
    expect(summary).toMatchObject({ rows: rows.length, judged: rows.length, failed: 0, resumed: 0 });
    const isRight = rows.filter((row) => (row['metadata'] as { gold: string }).gold === row['label']);
    expect(isRight.length / rows.length).toBeGreaterThan(0.8);
    const again = await assay(...args);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ resumed: rows.length, cost_usd: summary['cost_usd'] });
    expect(readJsonLines(output)).toEqual(rows);
  });

  it('ends with the exit code of its command', async () => {
    expect((await assay('config', 'check', temporaryFolder()('none.yaml'))).code).toBe(2);
  });
});
