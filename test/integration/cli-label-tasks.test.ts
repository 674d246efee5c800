import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, jsonLines, readJsonLines, temporaryFolder } from '../fakes/cli-runner.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

/** `assay label --task` against a real gateway with a policy for each task. */
describe('assay label for other tasks than preferences', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway(
      {
        constitutions: { directory: 'constitutions' },
        judges: {
          pairs: { engine: 'large' },
          scorer: { engine: 'large', prompt: 'score/label' },
          critic: { engine: 'large', prompt: 'critique/chain' },
        },
        policies: {
          default: { tiers: ['pairs'] },
          scores: { task: 'score', tiers: ['scorer'] },
          critiques: { task: 'critique', tiers: ['critic'], critique: { constitution: 'kind' } },
        },
      },
      {
        'constitutions/kind.json':
          '{"constitutions": [{"critic": "Is it kind?", "revision": "Make it kind."}]}',
      },
    );
  });
  afterAll(() => gateway.close());

  const row = (n: number, candidates: number, rest: object = {}): object => ({
    id: `row-${n}`,
    prompt: `Question ${n}?`,
    candidates: Array.from({ length: candidates }, (_, place) => `answer ${place} to ${n}`),
    column: n,
    ...rest,
  });
  const run = async (rows: readonly object[], task: string, ...more: readonly string[]) => {
    const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
    const argv = ['label', at('in.jsonl'), '-o', at('out.jsonl'), '--url', gateway.url, '--task', task];
    const first = await cli([...argv, '--json', ...more]);
    return { ...first, at, argv };
  };

  it.each([
    ['score', [row(1, 1), row(2, 1, { reference: 'A good answer.' })]],
    ['critique', [row(1, 1), row(2, 1, { revise: 1, seed: 5 })]],
    ['ranking', [row(1, 3, { method: 'all_pairs' }), row(2, 2)]],
  ])('judges a file for %s, and keeps what it has when it runs again', async (task, rows) => {
    const { code, stdout, stderr, at, argv } = await run(rows, task);
    expect([code, stderr.includes('Not judged')]).toEqual([0, false]);
    expect(JSON.parse(stdout)).toMatchObject({ task, rows: 2, judged: 2, labels: 2, failed: 0 });
    const output = readJsonLines(at('out.jsonl'));
    expect(output).toMatchObject([
      { line: 1, item_id: 'row-1', policy: task, outcome: 'ok', label: null, metadata: { column: 1 } },
      { line: 2, item_id: 'row-2', policy: task, outcome: 'ok', label: null, metadata: { column: 2 } },
    ]);
    for (const each of output) expect(each).toHaveProperty(task);
    const again = await cli([...argv, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ judged: 2, resumed: 2 });
  });

  it('takes what a row asks for to the gateway', async () => {
    const { at } = await run([row(1, 1, { revise: 2 }), row(2, 1, { revise: 99 })], 'critique');
    expect(readJsonLines(at('out.jsonl'))).toMatchObject([
      { task: 'revision', critique: { steps: [{ principle: 'principle-1' }, { principle: 'principle-1' }] } },
      { outcome: 'invalid_item', error: { message: 'items[0].revise must be at most 8, found 99' } },
    ]);
  });

  it('says what a row lacks for its task, and refuses what does not go together', async () => {
    const { code, at } = await run([row(1, 2), row(2, 1)], 'score');
    expect(code).toBe(1);
    expect(readJsonLines(at('out.jsonl'))[0]).toMatchObject({
      task: 'score',
      outcome: 'invalid_item',
      error: { message: 'candidates: one is needed, found 2' },
    });
    const pairs = await run([{ prompt: 'p', chosen: 'x', rejected: 'y' }], 'score');
    expect(pairs.code).toBe(2);
    expect(pairs.stderr).toContain('rows of the format trl are pairs; --task score reads "candidates"');
    const trl = await run([row(1, 1)], 'score', '--output-format', 'trl');
    expect([trl.code, trl.stderr.includes('--output-format trl: are preference rows')]).toEqual([2, true]);
  });
});
