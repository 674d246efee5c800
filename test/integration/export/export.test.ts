import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, jsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

const COST = { usd: 0.25, input_tokens: 1, cached_input_tokens: 0, output_tokens: 1, engine_seconds: 0 };
const TRAIL = [
  {
    tier: 'large',
    judge: 'strict',
    engine: 'large-vllm',
    model: 'big',
    precision: 'awq',
    prompt: 'preference/label@1',
    order: 'ab',
    fingerprint: 'vllm-0.30',
  },
];

function verdict(id: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: `vrd_${id}`,
    item_id: id,
    task: 'preference',
    outcome: 'ok',
    label: 'b',
    probabilities: { a: 0.125, b: 0.75, tie: 0.125 },
    confidence: 0.75,
    tier: 'large',
    certificate: 'crt_1',
    cached: false,
    cost: COST,
    inclusion_probability: 0.25,
    flags: ['single_order'],
    trail: TRAIL,
    error: null,
    ...over,
  };
}
const TIE = { outcome: 'tie', label: 'tie', probabilities: { a: 0.25, b: 0.125, tie: 0.625 } };
const FAILED = {
  outcome: 'timed_out',
  label: null,
  probabilities: null,
  confidence: null,
  error: { message: 'too late', code: 'deadline_exceeded' },
};

const ITEMS = [
  { id: 'x', prompt: 'Hi', candidates: ['Go.', 'Hello!'] },
  { id: 't', prompt: 'Bye', candidates: ['So long', 'Farewell'] },
  { id: 'f', prompt: 'Why', candidates: ['Because', 'Who knows'] },
  { id: 'm', prompt: 'Missing', candidates: ['one', 'two'] },
  { id: 'e', prompt: 'Empty', candidates: ['', 'two'] },
];
const VERDICTS = [verdict('f', FAILED), verdict('t', TIE), verdict('x')];

const PROVENANCE = {
  verdict_id: 'vrd_x',
  outcome: 'ok',
  confidence: 0.75,
  tier: 'large',
  judge: 'strict',
  model: 'big',
  certificate: 'crt_1',
  flags: 'single_order',
  cached: false,
};

async function exported(
  items: readonly object[],
  verdicts: readonly object[],
  ...more: readonly string[]
): Promise<{
  rows: Record<string, unknown>[];
  side: Record<string, unknown>[];
  report: Record<string, unknown>;
}> {
  const at = temporaryFolder({ 'items.jsonl': jsonLines(items), 'verdicts.jsonl': jsonLines(verdicts) });
  const files = [at('items.jsonl'), at('verdicts.jsonl'), '-o', at('out.jsonl')];
  const { code, stdout, stderr } = await cli(['export', ...files, '--format', 'assay', '--json', ...more]);
  expect(stderr).toBe('');
  expect(code).toBeLessThanOrEqual(1);
  const read = (path: string): Record<string, unknown>[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line));
  return {
    rows: read(at('out.jsonl')),
    side: read(at('out.jsonl.left-out.jsonl')),
    report: JSON.parse(stdout),
  };
}

describe('assay export', () => {
  it('writes preferences for TRL, with the label’s history beside them', async () => {
    const { rows } = await exported(ITEMS, VERDICTS);
    expect(rows).toEqual([
      {
        prompt: 'Hi',
        chosen: 'Hello!',
        rejected: 'Go.',
        p_chosen: 0.8125,
        id: 'x',
        ...PROVENANCE,
        weight: 4,
        cost_usd: 0.25,
      },
    ]);
  });

  it('makes no row of what has no label, and tells each with its reason', async () => {
    const { side, report } = await exported(ITEMS, VERDICTS);
    expect(side.map(({ id, reason }) => [id, reason])).toEqual([
      ['t', 'tie'],
      ['f', 'timed_out'],
      ['m', 'no_verdict'],
      ['e', 'invalid_item'],
    ]);
    expect(side[1]).toMatchObject({ line: 3, message: 'too late' });
    expect(report).toMatchObject({
      items: 5,
      exported: 1,
      rows: 1,
      leftOut: { tie: 1, timed_out: 1, no_verdict: 1, invalid_item: 1 },
    });
  });

  it('makes of a tie one row for either order, or one with its probability', async () => {
    const both = await exported(ITEMS, VERDICTS, '--ties', 'both');
    expect(both.rows.slice(1)).toMatchObject([
      { chosen: 'So long', rejected: 'Farewell', p_chosen: 0.5625, weight: 2, cost_usd: 0.125 },
      { chosen: 'Farewell', rejected: 'So long', p_chosen: 0.4375, weight: 2, cost_usd: 0.125 },
    ]);
    const soft = await exported(ITEMS, VERDICTS, '--ties', 'soft');
    expect(soft.rows.slice(1)).toMatchObject([
      { chosen: 'So long', rejected: 'Farewell', p_chosen: 0.5625, weight: 4, outcome: 'tie' },
    ]);
  });

  it('writes completions with labels for KTO, and never labels a tie', async () => {
    const { rows } = await exported(ITEMS, VERDICTS, '--as', 'kto', '--ties', 'both');
    expect(rows).toMatchObject([
      { prompt: 'Hi', completion: 'Hello!', label: true, score: 0.8125, weight: 2 },
      { prompt: 'Hi', completion: 'Go.', label: false, score: 0.1875, weight: 2 },
    ]);
    expect(rows).toHaveLength(2);
  });

  it('labels scores by a threshold', async () => {
    const items = ['p', 'q'].map((id) => ({ id, prompt: 'Hi', candidates: [`answer ${id}`] }));
    const scored = (id: string, score: number): object =>
      verdict(id, { task: 'score', label: null, probabilities: null, score: { score } });
    const verdicts = [scored('p', 0.7), scored('q', 0.69)];
    const options = ['--as', 'unpaired', '--task', 'score', '--threshold', '0.7'];
    const { rows } = await exported(items, verdicts, ...options);
    expect(rows.map(({ completion, label, score }) => [completion, label, score])).toEqual([
      ['answer p', true, 0.7],
      ['answer q', false, 0.69],
    ]);
  });

  const CHAT = {
    id: 'x',
    prompt: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
    ],
    candidates: ['Go.', 'Hello!'],
  };

  it('keeps conversations as TRL has them', async () => {
    const { rows } = await exported([CHAT], [verdict('x')]);
    expect(rows).toMatchObject([
      {
        prompt: CHAT.prompt,
        chosen: [{ role: 'assistant', content: 'Hello!' }],
        rejected: [{ role: 'assistant', content: 'Go.' }],
      },
    ]);
  });

  it('makes one type of a column: texts become conversations beside conversations', async () => {
    const text = { id: 'y', prompt: 'Bye', candidates: ['Go.', 'Farewell'] };
    const { rows } = await exported([text, CHAT], [verdict('x'), verdict('y')]);
    expect(rows[0]).toMatchObject({
      prompt: [{ role: 'user', content: 'Bye' }],
      chosen: [{ role: 'assistant', content: 'Farewell' }],
    });
    expect(rows[1]).toMatchObject({ prompt: CHAT.prompt });
  });

  it('writes LLaMA-Factory, hh and UltraFeedback', async () => {
    const factory = await exported([CHAT], [verdict('x')], '--as', 'llama-factory');
    expect(factory.rows).toMatchObject([
      {
        conversations: [
          { from: 'system', value: 'Be kind.' },
          { from: 'human', value: 'Hi' },
        ],
        chosen: { from: 'gpt', value: 'Hello!' },
        rejected: { from: 'gpt', value: 'Go.' },
      },
    ]);
    const hh = await exported(ITEMS, VERDICTS, '--as', 'hh');
    expect(hh.rows).toMatchObject([
      { chosen: '\n\nHuman: Hi\n\nAssistant: Hello!', rejected: '\n\nHuman: Hi\n\nAssistant: Go.' },
    ]);
    const ultra = await exported([CHAT], [verdict('x')], '--as', 'ultrafeedback');
    expect(ultra.rows).toMatchObject([
      {
        prompt: 'Hi',
        prompt_id: expect.stringMatching(/^[0-9a-f]{64}$/),
        chosen: [...CHAT.prompt, { role: 'assistant', content: 'Hello!' }],
        rejected: [...CHAT.prompt, { role: 'assistant', content: 'Go.' }],
        messages: [...CHAT.prompt, { role: 'assistant', content: 'Hello!' }],
        score_chosen: 0.8125,
        score_rejected: 0.1875,
      },
    ]);
  });

  it('pairs the best of a ranking with its worst, and a revision with what it revised', async () => {
    const group = { id: 'g', prompt: 'Hi', candidates: ['so', 'worst', 'best'] };
    const ranked = verdict('g', {
      task: 'ranking',
      label: null,
      probabilities: null,
      ranking: { rewards: [0, -Math.log(3), Math.log(3)], order: [2, 0, 1] },
    });
    const ofGroup = await exported([group], [ranked], '--task', 'ranking');
    expect(ofGroup.rows).toMatchObject([{ chosen: 'best', rejected: 'worst' }]);
    expect(ofGroup.rows[0]?.['p_chosen']).toBeCloseTo(0.9, 12);
    const revised = (improvement: number | null): object =>
      verdict('r', {
        task: 'revision',
        label: null,
        probabilities: null,
        critique: { revision: 'kinder', improvement },
      });
    const item = { id: 'r', prompt: 'Hi', candidates: ['rude'] };
    const better = await exported([item], [revised(0.9)], '--task', 'critique');
    expect(better.rows).toMatchObject([{ chosen: 'kinder', rejected: 'rude', p_chosen: 0.9 }]);
    const worse = await exported([item], [revised(0.25)], '--task', 'critique');
    expect(worse.rows).toMatchObject([{ chosen: 'rude', rejected: 'kinder', p_chosen: 0.75 }]);
  });

  it('says which line is no verdict, and refuses to overwrite what it reads', async () => {
    const at = temporaryFolder({
      'i.jsonl': jsonLines(ITEMS),
      'v.jsonl': jsonLines([verdict('x'), { id: 'y' }]),
    });
    const broken = await cli(['export', at('i.jsonl'), at('v.jsonl'), '-o', at('o.jsonl')]);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain('v.jsonl:2: is no verdict: item_id');
    const same = await cli(['export', at('i.jsonl'), at('v.jsonl'), '-o', at('i.jsonl')]);
    expect(same.code).toBe(2);
    expect(same.stderr).toContain('input and output are the same file');
  });
});
