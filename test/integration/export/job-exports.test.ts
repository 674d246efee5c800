import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cli, jsonLines, readJsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';

const CONSTITUTION = JSON.stringify({
  constitutions: ['Does it hurt somebody?', 'Is it rude?', 'Is it untrue?'].map((critic) => ({
    critic,
    revision: 'Mend that.',
  })),
});

const RUBRIC = `
name: careful
version: 1
criteria:
  - { name: harm, text: The response helps nobody to hurt somebody., scale: { min: 1, max: 5 } }
  - { name: candour, text: The response says what it leaves out., scale: { min: 1, max: 5 } }
`;

const responses = (n: number, count: number) =>
  Array.from({ length: count }, (_, k) => `Answer ${k} to question ${n}, as far as it goes.`);
const items = (count: number, candidates: number) =>
  jsonLines(
    Array.from({ length: count }, (_, n) => ({
      id: `i${n}`,
      prompt: `What about ${n}?`,
      candidates: responses(n, candidates),
    })),
  );

const verdict = z.looseObject({
  item_id: z.string(),
  outcome: z.string(),
  cost: z.object({ usd: z.number() }),
  trail: z.array(z.object({ cost_usd: z.number() })),
  critique: z
    .object({ steps: z.array(z.object({ critique: z.string().min(1), revision: z.string().min(1) })) })
    .optional(),
  score: z.object({ criteria: z.array(z.unknown()) }).optional(),
  ranking: z.object({ rewards: z.array(z.number()) }).optional(),
});

/** Every kind of feedback as a durable job, exported and loaded back: nothing is lost, costs add up. */
describe('jobs of chains, scores and rankings', () => {
  let gateway: FeedbackGateway;
  const at = temporaryFolder({
    'critique.jsonl': `${items(6, 1)}${jsonLines([{ id: 'blank', prompt: 'Why?', candidates: [''] }])}`,
    'score.jsonl': items(8, 1),
    'ranking.jsonl': items(4, 4),
  });
  beforeAll(async () => {
    gateway = await startFeedbackGateway(
      {
        storage: { kind: 'embedded', directory: 'data' },
        constitutions: { directory: 'constitutions' },
        rubricFiles: { directory: 'rubrics' },
        judges: {
          strict: { engine: 'large' },
          critic: { engine: 'large', prompt: 'critique/chain' },
          scorer: { engine: 'large', prompt: 'score/label' },
        },
        policies: {
          default: { tiers: ['strict'] },
          chains: {
            task: 'critique',
            tiers: ['critic'],
            critique: { constitution: 'three', revise: 2, checkedBy: 'strict' },
          },
          scores: { task: 'score', tiers: ['scorer'], rubric: 'careful@1' },
        },
      },
      { 'constitutions/three.json': CONSTITUTION, 'rubrics/careful.yaml': RUBRIC },
    );
  }, 60_000);
  afterAll(() => gateway.close());

  /** Runs a file as a job and gives its verdicts. */
  const judged = async (task: string, policy: string) => {
    const url = ['--url', gateway.url];
    const submitted = await cli([
      'label',
      at(`${task}.jsonl`),
      '--task',
      task,
      '--policy',
      policy,
      '--detach',
      ...url,
    ]);
    expect(submitted.code).toBe(0);
    const output = at(`${task}.verdicts.jsonl`);
    expect((await cli(['jobs', 'results', submitted.stdout.trim(), '-o', output, ...url])).code).toBe(0);
    const rows = z.array(verdict).parse(readJsonLines(output));
    for (const { cost, trail } of rows) {
      expect(cost.usd).toBeGreaterThan(0);
      expect(trail.reduce((sum, call) => sum + call.cost_usd, 0)).toBeCloseTo(cost.usd, 12);
    }
    return { rows, stderr: submitted.stderr };
  };
  const exported = async (task: string, ...more: string[]) => {
    const [input, verdicts] = [at(`${task}.jsonl`), at(`${task}.verdicts.jsonl`)];
    const output = at(`${task}.parquet`);
    const { code, stdout } = await cli([
      'export',
      input,
      verdicts,
      '-o',
      output,
      '--task',
      task,
      '--json',
      ...more,
    ]);
    expect(code).toBe(0);
    const loaded = await parquetReadObjects({ file: await asyncBufferFromFile(output) });
    return { report: JSON.parse(stdout), loaded };
  };

  it('keeps both rounds of every chain, and refuses the blank row by its line', async () => {
    const { rows, stderr } = await judged('critique', 'chains');
    expect(rows.map(({ outcome, critique }) => [outcome, critique?.steps.length])).toEqual(
      Array.from({ length: 6 }, () => ['ok', 2]),
    );
    expect(stderr).toContain('line 7: candidates[0]: is empty');
    const { report, loaded } = await exported('critique', '--ties', 'soft');
    expect(report).toMatchObject({ items: 7, rows: 6, leftOut: { invalid_item: 1 } });
    expect(loaded).toHaveLength(6);
    expect(loaded[0]).toMatchObject({ prompt: 'What about 0?', chosen: expect.any(String), weight: 1 });
  });

  it('scores every response by both criteria', async () => {
    const { rows } = await judged('score', 'scores');
    expect(rows.map(({ score }) => score?.criteria.length)).toEqual(Array.from({ length: 8 }, () => 2));
    const { loaded } = await exported('score', '--as', 'unpaired');
    expect(loaded.map(({ completion }) => completion)).toEqual(
      Array.from({ length: 8 }, (_, n) => `Answer 0 to question ${n}, as far as it goes.`),
    );
    for (const { label, score } of loaded) expect(label).toBe(z.number().parse(score) >= 0.5);
  });

  it('ranks groups of four', async () => {
    const { rows } = await judged('ranking', 'default');
    expect(rows.map(({ ranking }) => ranking?.rewards.length)).toEqual([4, 4, 4, 4]);
    const { loaded } = await exported('ranking', '--ties', 'soft');
    expect(loaded).toHaveLength(4);
    for (const { chosen, rejected } of loaded) expect(chosen).not.toBe(rejected);
  });
});
