import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, jsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

function item(id: string, metadata: object, prompt: unknown = '2 + 2 * 3 = ?'): object {
  return { id, prompt, candidates: [`text of ${id}`], metadata };
}

function verdict(id: string, score: number, over: object = {}): object {
  return {
    id: `vrd_${id}`,
    item_id: id,
    task: 'score',
    outcome: 'ok',
    label: null,
    probabilities: null,
    confidence: score,
    tier: 'large',
    certificate: null,
    cost: { usd: 0.25 },
    inclusion_probability: 0.5,
    flags: [],
    trail: [
      {
        tier: 'large',
        judge: 'strict',
        engine: 'vllm',
        model: 'big',
        prompt: 'score/point@1',
        part: 'honesty',
        reasons: `on ${id}`,
      },
    ],
    score: { score, criteria: [{ criterion: 'honesty', expected: 1 + 4 * score }] },
    error: null,
    ...over,
  };
}

const FAILED = {
  outcome: 'timed_out',
  score: undefined,
  error: { message: 'too late', code: 'deadline_exceeded' },
};

type Rows = readonly Record<string, unknown>[];

function readJsonl(path: string): Rows {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}

/** The export as JSONL, held against the same as Parquet. */
async function exported(
  shape: string,
  items: readonly object[],
  verdicts: readonly object[],
  ...more: string[]
) {
  const at = temporaryFolder({ 'i.jsonl': jsonLines(items), 'v.jsonl': jsonLines(verdicts) });
  for (const output of ['o.jsonl', 'o.parquet']) {
    const files = [at('i.jsonl'), at('v.jsonl'), '-o', at(output)];
    const { stderr } = await cli(['export', ...files, '--task', 'score', '--as', shape, ...more]);
    expect(stderr).toBe('');
  }
  const rows = readJsonl(at('o.jsonl'));
  expect(await parquetReadObjects({ file: await asyncBufferFromFile(at('o.parquet')) })).toEqual(rows);
  const left = readJsonl(at('o.jsonl.left-out.jsonl'));
  return { rows, left: left.map(({ id, reason }) => [id, reason]) };
}

describe('assay export of steps', () => {
  it('makes one row of the steps of a solution, in their order', async () => {
    const items = [
      item('s2', { group: 'g', order: 2 }),
      item('s1', { group: 'g', order: 1 }),
      item('t1', { group: 7 }),
    ];
    const verdicts = [verdict('s1', 0.875), verdict('s2', 0.5), verdict('t1', 0.25)];
    const { rows, left } = await exported('stepwise', items, verdicts, '--threshold', '0.6');
    expect(rows).toEqual([
      {
        prompt: '2 + 2 * 3 = ?',
        completions: ['text of s1', 'text of s2'],
        labels: [true, false],
        scores: [0.875, 0.5],
        id: 'g',
        verdict_id: 'vrd_s1 vrd_s2',
        outcome: 'ok',
        confidence: 0.5,
        weight: 4,
        tier: 'large',
        judge: 'strict',
        model: 'big',
        certificate: null,
        flags: '',
        cached: false,
        cost_usd: 0.5,
      },
      expect.objectContaining({ completions: ['text of t1'], labels: [false], id: '7', weight: 2 }),
    ]);
    expect(left).toEqual([]);
  });

  it('takes the prompt of the first step where later ones show the steps before', async () => {
    const shown = [{ role: 'user', content: 'Why?' }];
    const items = [
      item('a', { group: 'g' }, shown),
      item('b', { group: 'g' }, [...shown, { role: 'assistant', content: 'text of a' }]),
    ];
    const { rows } = await exported('stepwise', items, [verdict('a', 1), verdict('b', 1)]);
    expect(rows).toMatchObject([{ prompt: 'Why?', completions: ['text of a', 'text of b'] }]);
  });

  it('makes no row of a solution that lacks a step, and names each item with its reason', async () => {
    const items = [
      item('a1', { group: 'a' }),
      item('a2', { group: 'a' }),
      item('b1', { group: 'b', order: 1 }),
      item('b3', { group: 'b', order: 3 }),
      item('c1', { group: 'c' }),
      item('d1', { group: 'd' }),
      item('c2', { group: 'c' }),
      item('n', {}),
      item('e1', { group: 'e' }),
      { id: 'e2', prompt: 'x', candidates: [''], metadata: { group: 'e' } },
      item('f1', { group: 'f' }, [
        { role: 'system', content: 'Think.' },
        { role: 'user', content: 'Why?' },
      ]),
    ];
    const verdicts = ['a1', 'b1', 'b3', 'c1', 'c2', 'd1', 'n', 'e1', 'f1'].map((id) => verdict(id, 1));
    const { rows, left } = await exported('stepwise', items, [...verdicts, verdict('a2', 1, FAILED)]);
    expect(rows.map(({ id }) => id)).toEqual(['d']);
    expect(left.toSorted()).toEqual([
      ['a1', 'incomplete_group'],
      ['a2', 'timed_out'],
      ['b1', 'steps_out_of_order'],
      ['b3', 'steps_out_of_order'],
      ['c1', 'group_not_adjacent'],
      ['c2', 'group_not_adjacent'],
      ['e1', 'incomplete_group'],
      ['e2', 'invalid_item'],
      ['f1', 'incomplete_group'],
      ['n', 'no_group'],
    ]);
  });

  it('says that it is made of scores', async () => {
    const at = temporaryFolder({ 'i.jsonl': jsonLines([item('a', {})]), 'v.jsonl': '' });
    const files = [at('i.jsonl'), at('v.jsonl'), '-o', at('o.jsonl')];
    const { code, stderr } = await cli(['export', ...files, '--as', 'stepwise']);
    expect([code, stderr.trim()]).toEqual([2, expect.stringContaining('needs --task score')]);
  });
});

describe('assay export of UltraFeedback', () => {
  it('holds all answers to an instruction with ratings and rationales; what has no score is left out', async () => {
    const items = [
      item('p', { group: 'g', model: 'llama' }, 'Hi'),
      item('q', { group: 'g', model: 'qwen' }, 'Hi'),
      item('r', { group: 'g' }, 'Hi'),
      item('u', { group: 'h' }, 'Bye'),
      item('w', { group: 'h' }, 'Farewell'),
    ];
    const other = { score: { score: 0.25, criteria: [{ criterion: 'helpfulness', expected: 2.5 }] } };
    const verdicts = [
      verdict('p', 0.6875),
      verdict('q', 1, FAILED),
      verdict('r', 1, other),
      verdict('u', 1),
      verdict('w', 1),
    ];
    const { rows, left } = await exported('ultrafeedback-full', items, verdicts);
    expect(rows).toMatchObject([
      {
        instruction: 'Hi',
        models: ['llama', null],
        completions: [
          {
            model: 'llama',
            response: 'text of p',
            annotations: {
              honesty: { Rating: '4', Rationale: 'on p', expected: 3.75 },
              helpfulness: { Rating: 'N/A', Rationale: null, expected: null },
            },
            overall_score: 7.1875,
            score: 0.6875,
            weight: 2,
            id: 'p',
          },
          {
            model: null,
            annotations: {
              honesty: { Rating: 'N/A' },
              helpfulness: { Rating: '3', Rationale: null, expected: 2.5 },
            },
            overall_score: 3.25,
          },
        ],
        id: 'g',
        weight: null,
        cost_usd: 0.5,
      },
    ]);
    expect(left).toEqual([
      ['q', 'timed_out'],
      ['u', 'prompts_differ'],
      ['w', 'prompts_differ'],
    ]);
  });
});
