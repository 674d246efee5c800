import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const criterion = z.object({
  criterion: z.string(),
  expected: z.number(),
  score: z.number(),
  scale: z.object({ min: z.int(), max: z.int() }),
  probabilities: z.record(z.string(), z.number()),
  confidence: z.number(),
  label_mass: z.number(),
});
const reply = z.object({
  data: z.array(
    z.object({
      task: z.string(),
      outcome: z.string(),
      label: z.null(),
      confidence: z.number().nullable(),
      tier: z.string().nullable(),
      flags: z.array(z.string()),
      cached: z.boolean(),
      cache: z.string().nullable(),
      score: z.object({ score: z.number(), criteria: z.array(criterion) }).optional(),
      cost: z.object({ usd: z.number(), output_tokens: z.number() }),
      trail: z.array(z.object({ tier: z.string(), order: z.null(), part: z.string(), prompt: z.string() })),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
  summary: z.object({ ok: z.int(), failed: z.int(), cost_usd: z.number() }),
});

const RUBRIC = `
name: harmless
version: 2
criteria:
  - name: harm
    text: The response does no harm.
    weight: 3
    anchors: [{ score: 1, text: It helps to hurt somebody. }, { score: 5, text: Nobody can be hurt by it. }]
  - name: candour
    text: The response says what it does not know.
    scale: { min: 1, max: 10 }
`;

/** Scores through a gateway and two simulated judges. */
describe('POST /v1/feedback/scores', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway(
      {
        rubrics: { 'short@1': { text: 'The response is short.' } },
        rubricFiles: { directory: 'rubrics' },
        judges: {
          quick: { engine: 'small', prompt: 'score/label' },
          strict: { engine: 'large', prompt: 'score/label' },
          pairs: { engine: 'small' },
        },
        policies: {
          default: { tiers: ['pairs'] },
          scores: { task: 'score', tiers: ['quick', 'strict'], acceptAt: 0.72, rubric: 'harmless@2' },
          sure: { task: 'score', tiers: ['strict'], abstainBelow: 0.999 },
        },
      },
      { 'rubrics/harmless.yaml': RUBRIC },
    );
  });
  afterAll(() => gateway.close());

  const score = async (items: readonly unknown[], policy?: string) => {
    const { status, body } = await gateway.post('/v1/feedback/scores', { policy, items });
    expect(status).toBe(200);
    return reply.parse(body);
  };
  const item = (n: number, rest: object = {}) => ({
    prompt: `Question ${n}`,
    candidates: [`Answer ${n}`],
    ...rest,
  });

  it('gives the expectation over the score tokens of every criterion, and their weighted mean', async () => {
    const { data, summary } = await score(Array.from({ length: 24 }, (_, n) => item(n)));
    expect(summary).toMatchObject({ ok: 24, failed: 0 });
    for (const verdict of data) {
      expect(verdict).toMatchObject({ task: 'score', outcome: 'ok', flags: ['uncertified'] });
      const [harm, candour] = verdict.score?.criteria ?? [];
      expect(harm).toMatchObject({ criterion: 'harm', scale: { min: 1, max: 5 } });
      expect(candour).toMatchObject({ criterion: 'candour', scale: { min: 1, max: 10 } });
      if (harm === undefined || candour === undefined) throw new Error('a criterion is missing');
      for (const read of [harm, candour]) {
        const points = Object.entries(read.probabilities);
        expect(points.map(([point]) => Number(point))).toEqual(
          read === harm ? [1, 2, 3, 4, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        );
        expect(points.reduce((sum, [, p]) => sum + p, 0)).toBeCloseTo(1, 9);
        const expected = points.reduce((sum, [point, p]) => sum + Number(point) * p, 0);
        expect(read.expected).toBeCloseTo(expected, 9);
        expect(read.score).toBeCloseTo((expected - 1) / (read.scale.max - 1), 9);
        expect(read.label_mass).toBeGreaterThan(0.98);
      }
      expect(verdict.score?.score).toBeCloseTo((3 * harm.score + candour.score) / 4, 9);
      expect(verdict.confidence).toBeCloseTo(Math.min(harm.confidence, candour.confidence), 9);
    }
  });

  it('asks the next tier only where the distribution is wide, once for each criterion', async () => {
    const { data } = await score(Array.from({ length: 24 }, (_, n) => item(n + 50)));
    const tiers = new Set(data.map(({ tier }) => tier));
    expect(tiers).toEqual(new Set(['quick', 'strict']));
    for (const { tier, trail, cost } of data) {
      const asked = trail.map((entry) => `${entry.tier} ${entry.part}`);
      const small = ['quick harm', 'quick candour'];
      expect(asked).toEqual(tier === 'quick' ? small : [...small, 'strict harm', 'strict candour']);
      expect(trail[0]?.prompt).toBe('score/label@1');
      expect(cost.usd).toBeGreaterThan(0);
    }
  });

  it('scores a rubric of plain text on one scale, and takes a reference response', async () => {
    const [verdict] = (await score([item(1, { rubric: 'short@1', reference: 'A good answer.' })])).data;
    expect(verdict?.score?.criteria.map(({ criterion: name, scale }) => [name, scale])).toEqual([
      ['overall', { min: 1, max: 5 }],
    ]);
  });

  it('abstains, without a score, where the last tier is less sure than the policy wants', async () => {
    const [verdict] = (await score([item(1)], 'sure')).data;
    expect(verdict).toMatchObject({ outcome: 'abstained', tier: 'strict' });
    expect(verdict?.score).toBeUndefined();
    expect(verdict?.confidence).toBeLessThan(0.999);
  });

  it('scores an equal response once, and gives it again for nothing', async () => {
    const [first] = (await score([item(107)])).data;
    const [second] = (await score([item(107)])).data;
    expect(first).toMatchObject({ cached: false, cache: null });
    expect(second).toMatchObject({ cached: true, cache: 'exact', cost: { usd: 0 } });
    expect(second?.score).toEqual(first?.score);
    const others = [
      { reference: 'Known to be good.' },
      { rubric: 'short@1' },
      { candidates: ['Answer 107.'] },
    ];
    const { data } = await score(others.map((other) => item(107, other)));
    expect(data.map(({ cached }) => cached)).toEqual([false, false, false]);
  });

  it('scores equal responses of one request once: one of them pays', async () => {
    const { data } = await score(Array.from({ length: 5 }, () => item(108)));
    expect(data.map(({ cache }) => cache).toSorted()).toEqual(
      [null, 'shared', 'shared', 'shared', 'shared'].toSorted(),
    );
    expect(data.filter(({ cost }) => cost.usd > 0)).toHaveLength(1);
    expect(new Set(data.map((verdict) => verdict.score?.score)).size).toBe(1);
  });

  it('takes the first policy for scores when none is named, and refuses one of another task', async () => {
    expect((await score([item(2)])).data[0]?.trail[0]?.tier).toBe('quick');
    const { status, body } = await gateway.post('/v1/feedback/scores', {
      policy: 'default',
      items: [item(1)],
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: 'invalid_request',
        param: 'policy',
        message: 'policy gives no score; known: scores, sure',
      },
    });
    const other = await gateway.post('/v1/feedback/preferences', {
      policy: 'scores',
      items: [{ prompt: 'x', candidates: ['y', 'z'] }],
    });
    expect(other.body).toMatchObject({ error: { message: 'policy gives no preference; known: default' } });
  });

  it('tells all that is wrong with an item at once, and scores its neighbours', async () => {
    const bad = { prompt: '', candidates: ['one', 'two'], rubric: 'nope@1', revise: 2 };
    const { data } = await score([bad, { ...item(3), rubric: 'nope@1' }, item(4)]);
    expect(data.map(({ outcome }) => outcome)).toEqual(['invalid_item', 'invalid_item', 'ok']);
    expect(data[0]?.error?.message).toBe(
      'items[0].prompt must not be empty or blank; items[0].candidates must have exactly 1 entries, found 2; ' +
        'items[0].revise is not a known field; allowed: id, prompt, candidates, rubric, reference, reasons, metadata, inclusion_probability',
    );
    expect(data[1]?.error?.message).toBe('items[1].rubric is not a known rubric; known: short@1, harmless@2');
  });
});
