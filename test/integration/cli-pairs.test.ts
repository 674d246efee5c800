import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

const row = (id: string, more: object = {}) => ({
  id,
  prompt: `What of ${id}?`,
  candidates: ['first', 'second', 'third'],
  rewards: [{ mean: 0.2, sd: 0.1 }, [0.5, 0.7], { mean: 0.9, sd: 0 }],
  source: 'sheet 4',
  ...more,
});

function rowsOf(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('assay pairs', () => {
  it('writes the widest pair of each prompt, as an item with its reasons', async () => {
    const at = temporaryFolder({ 'in.jsonl': jsonLines([row('one')]) });
    const argv = ['pairs', at('in.jsonl'), '-o', at('out.jsonl'), '--method', 'deltaucb'];
    const { code, stdout, stderr } = await cli(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('1 pairs of 1 rows by deltaucb, mean gap of the rewards 0.700');
    expect(rowsOf(at('out.jsonl'))).toEqual([
      {
        id: 'one',
        prompt: 'What of one?',
        candidates: ['first', 'third'],
        metadata: {
          source: 'sheet 4',
          pair: {
            method: 'deltaucb',
            width: 1,
            explore: 0,
            seed: 1,
            candidates: 3,
            positions: [0, 2],
            rewards: [
              { mean: 0.2, sd: 0.1 },
              { mean: 0.9, sd: 0 },
            ],
            probability: 1,
          },
        },
      },
    ]);
  });

  it('draws by the seed and the row alone, and the label carries the probability', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => row(`r${i}`));
    const at = temporaryFolder({
      'in.jsonl': jsonLines(rows),
      'turned.jsonl': jsonLines(rows.toReversed()),
    });
    const draw = async (input: string, output: string, seed: string) => {
      const argv = ['pairs', at(input), '-o', at(output), '--method', 'random', '--seed', seed];
      expect((await cli(argv)).code).toBe(0);
      return rowsOf(at(output));
    };
    const pairs = await draw('in.jsonl', 'out.jsonl', '7');
    expect((await draw('turned.jsonl', 'turned-out.jsonl', '7')).toReversed()).toEqual(pairs);
    expect(await draw('in.jsonl', 'other.jsonl', '8')).not.toEqual(pairs);
    const argv = ['label', at('out.jsonl'), '-o', at('labels.jsonl'), '--simulated', '--quiet'];
    expect((await cli(argv, { program })).code).toBe(0);
    const labels = rowsOf(at('labels.jsonl'));
    expect(labels).toHaveLength(30);
    for (const label of labels) expect(label['inclusion_probability']).toBeCloseTo(1 / 3, 12);
  });

  it('compares no text with itself', async () => {
    const rewards = [1, 1, 0.5].map((mean) => ({ mean, sd: 0 }));
    const doubled = row('one', {
      candidates: ['same', 'same', 'other'],
      rewards,
      inclusion_probability: 0.5,
    });
    const at = temporaryFolder({ 'in.jsonl': jsonLines([doubled]) });
    expect((await cli(['pairs', at('in.jsonl'), '-o', at('out.jsonl'), '--method', 'random'])).code).toBe(0);
    const [pair] = rowsOf(at('out.jsonl'));
    expect(pair).toMatchObject({ candidates: ['same', 'other'], inclusion_probability: 0.5 });
  });

  it('names every row without a pair by its line, and writes the others', async () => {
    const rows = [
      row('good'),
      row('short', { rewards: [1, 2] }),
      row('count', { rewards: [[1, 2]] }),
      row('lone', { candidates: ['one'] }),
      row('none', { rewards: undefined }),
      row('equal', { candidates: ['x', 'x', 'x'] }),
      row('negative', { rewards: [[1, 2], [3], { mean: 1, sd: -1 }] }),
      row('good'),
      row('odds', { inclusion_probability: 2 }),
    ];
    const at = temporaryFolder({ 'in.jsonl': `${jsonLines(rows)}{"prompt": \n` });
    const { code, stdout } = await cli(['pairs', at('in.jsonl'), '-o', at('out.jsonl'), '--json']);
    expect(code).toBe(1);
    const { refused, ...report } = JSON.parse(stdout) as { refused: { line: number; message: string }[] };
    expect(report).toMatchObject({ rows: 10, pairs: 1, method: 'drts' });
    const said = new Map(refused.map(({ line, message }) => [line, message]));
    expect([...said.keys()]).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(said.get(2)).toMatch(/^rewards\[0\] must be a list of two scores.*; rewards\[1\] must/);
    expect(said.get(3)).toBe('rewards has 1 entries for 3 candidates');
    expect(said.get(4)).toContain('2 to 64 are needed, found 1');
    expect(said.get(5)).toContain('rewards must be a list with one entry for each candidate');
    expect(said.get(6)).toBe('candidates are all the same text');
    expect(said.get(7)).toMatch(/rewards\[1\] .*two scores.*; rewards\[2\] .*/);
    expect(said.get(8)).toBe('repeats the id of line 1');
    expect(said.get(9)).toContain('inclusion_probability: must be at most 1');
    expect(said.get(10)).toContain('not JSON at column');
    expect(rowsOf(at('out.jsonl')).map(({ id }) => id)).toEqual(['good']);
  });

  it('refuses wrong arguments, all at once, and a file without rows; nothing is written', async () => {
    const at = temporaryFolder({ 'empty.jsonl': '\n' });
    const wrong = ['--method', 'best', '--width', '-1', '--explore', '2', '--seed', 'x'];
    const said = await cli(['pairs', at('empty.jsonl'), ...wrong]);
    expect(said.code).toBe(2);
    for (const name of ['output', 'method', 'width', 'explore', 'seed'])
      expect(said.stderr).toContain(`--${name}:`);
    const empty = await cli(['pairs', at('empty.jsonl'), '-o', at('out.jsonl')]);
    expect(empty).toMatchObject({ code: 2, stdout: '' });
    expect(empty.stderr).toContain('there are no rows in this file');
    expect(existsSync(at('out.jsonl'))).toBe(false);
    expect((await cli(['pairs', at('none.jsonl'), '-o', at('out.jsonl')])).code).toBe(2);
    expect((await cli(['pairs', at('empty.jsonl'), '-o', at('empty.jsonl')])).code).toBe(2);
  });
});
