import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { samplesOf, sumOf } from '../fakes/exposition.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const quality = z.object({
  strata: z.array(z.object({ stratum: z.string(), observations: z.int() })),
  difficulty: z.object({ outcomes: z.int() }).nullable(),
  canaries: z
    .object({
      share: z.number(),
      items: z.int(),
      asked: z.int(),
      judged: z.int(),
      agreed: z.int(),
      agreement: z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable(),
      since: z.number(),
    })
    .nullable(),
});

/** A pair and the same pair exchanged, both with gold `a`: whatever a judge says, one of the two is wrong. */
const CANARIES = [
  { prompt: 'canary', candidates: ['the one answer', 'quite another'], gold: 'a' },
  { prompt: 'canary', candidates: ['quite another', 'the one answer'], gold: 'a' },
];

const canaries = { file: 'canaries.jsonl', share: 0.05 };
const CONFIG = {
  metrics: { port: 0 },
  judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
  policies: {
    plain: { tiers: ['strict'], canaries },
    proven: { tiers: ['quick', 'strict'], target: { agreement: 0.9 }, strata: ['source'], canaries },
    none: { tiers: ['strict'] },
  },
};

describe('canary pairs', () => {
  let gateway: FeedbackGateway;

  beforeAll(async () => {
    const lines = CANARIES.map((canary) => JSON.stringify(canary));
    gateway = await startFeedbackGateway(CONFIG, { 'canaries.jsonl': lines.join('\n') });
  });
  afterAll(() => gateway.close());

  let next = 0;
  /** Fresh pairs, so that nothing is given again. */
  const judge = async (policy: string, count: number): Promise<void> => {
    const items = Array.from({ length: count }, () => {
      next += 1;
      return {
        prompt: `question ${next}`,
        candidates: [`an answer to ${next}`, `not so ${next}`],
        metadata: { source: 'mine' },
      };
    });
    const { body } = await gateway.post('/v1/feedback/preferences', { policy, items });
    const { data } = z.object({ data: z.array(z.unknown()) }).parse(body);
    expect(data).toHaveLength(count);
  };
  const shown = async (policy: string) =>
    quality.parse(await (await fetch(`${gateway.url}/v1/feedback/policies/${policy}`)).json());
  const samples = async () => samplesOf(await (await fetch(gateway.metricsUrl)).text());
  /** Judges until 10 canaries came to an end; how many items that took. */
  const untilCanaries = async (policy: string): Promise<number> => {
    let items = 0;
    while (((await shown(policy)).canaries?.asked ?? 0) < 10) {
      await judge(policy, 100);
      items += 100;
    }
    return items;
  };

  it('follow replies to the judges themselves, never from a cache, and are no verdicts of callers', async () => {
    const before = sumOf(await samples(), 'assay_verdicts_total', { policy: 'plain' });
    expect(before).toBe(0);
    const items = await untilCanaries('plain');
    // Each judgment is two calls, one in each order: a canary that was given again would be none.
    await expect
      .poll(async () => {
        const asked = (await shown('plain')).canaries?.asked ?? 0;
        return sumOf(await samples(), 'assay_engine_calls_total') - 2 * (items + asked);
      })
      .toBe(0);
    const { canaries } = await shown('plain');
    expect(canaries).toMatchObject({ share: 0.05, items: 2 });
    const { asked = 0, judged = 0, agreed = 0, agreement = null } = canaries ?? {};
    expect(judged).toBe(asked);
    expect(agreement?.value).toBe(agreed / judged);
    expect(agreement?.low).toBeLessThan(agreed / judged);
    expect(agreement?.high).toBeGreaterThanOrEqual(agreed / judged);

    const figures = await samples();
    expect(sumOf(figures, 'assay_verdicts_total', { policy: 'plain' })).toBe(items);
    const told = (result: string) => sumOf(figures, 'assay_canary_judged_total', { policy: 'plain', result });
    expect([told('agreed'), told('disagreed')]).toEqual([agreed, judged - agreed]);
    // Only canaries are audits here; they cost what judgments cost.
    const paid = (component: string) =>
      sumOf(figures, 'assay_cost_dollars_total', { policy: 'plain', component });
    expect(paid('audit') / asked / (paid('serve') / items)).toBeCloseTo(1, 0);
  });

  it('teach a certified policy nothing: no observation, no lane, no outcome', async () => {
    const items = await untilCanaries('proven');
    const { strata, difficulty, canaries } = await shown('proven');
    expect(canaries?.asked).toBeGreaterThanOrEqual(10);
    // Canaries have no source: a lane of theirs would be there too.
    expect(strata.map(({ stratum }) => stratum)).toEqual(['source:mine']);
    expect(strata[0]?.observations).toBeLessThanOrEqual(items);
    expect(difficulty?.outcomes).toBeLessThanOrEqual(items);
  });

  it('are null for a policy without them', async () => {
    expect((await shown('none')).canaries).toBeNull();
  });

  it('are checked before anything starts, all problems at once', async () => {
    const tiers = ['quick', 'strict'];
    const checked = (policies: unknown): Promise<unknown> =>
      startFeedbackGateway(
        { judges: CONFIG.judges, policies },
        { 'bad.jsonl': '{"prompt": "q", "candidates": ["x", "y"]}\nnonsense\n' },
      );
    const told = (place: string, message: string) =>
      expect.objectContaining({ path: `policies.${place}`, message });
    await expect(
      checked({
        one: { tiers, canaries: { file: 'bad.jsonl' } },
        two: { tiers, canaries: { file: 'no-such.jsonl' } },
      }),
    ).rejects.toMatchObject({
      problems: [
        told('one.canaries.file', 'bad.jsonl:1: has no "gold"'),
        told('one.canaries.file', 'bad.jsonl:2: is not JSON'),
        told('two.canaries.file', 'no-such.jsonl cannot be read'),
      ],
    });
    await expect(
      checked({ one: { tiers, canaries: { file: 'bad.jsonl', share: 0.1 } } }),
    ).rejects.toMatchObject({
      problems: [told('one.canaries.share', 'found 0.1, expected a number of at most 0.05')],
    });
  });
});
