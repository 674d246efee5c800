import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const reply = z.object({
  data: z.array(
    z.object({
      outcome: z.string(),
      label: z.string().nullable(),
      probabilities: z.object({ a: z.number(), b: z.number(), tie: z.number() }).nullable(),
      cached: z.boolean(),
      score: z.object({ score: z.number() }).optional(),
      cost: z.object({ usd: z.number(), output_tokens: z.int() }),
      trail: z.array(
        z.object({
          part: z.string().optional(),
          order: z.string().nullable(),
          prompt: z.string(),
          p_first: z.number().nullable(),
          reasons: z.string().optional(),
          cost_usd: z.number(),
        }),
      ),
      error: z.object({ code: z.string() }).nullable(),
    }),
  ),
});

/** Judges that write their reasons before they answer, on simulated engines. */
describe('judgments after reasons', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: {
        reasoned: { engine: 'large', prompt: 'preference/reasoned', maxTokens: 400 },
        hasty: { engine: 'large', prompt: 'preference/reasoned', maxTokens: 16 },
        scorer: { engine: 'large', prompt: 'score/reasoned', maxTokens: 400 },
      },
      policies: {
        default: { tiers: ['reasoned'] },
        hasty: { tiers: ['hasty'] },
        scores: { task: 'score', tiers: ['scorer'] },
      },
    });
  });
  afterAll(() => gateway.close());

  const ask = async (kind: string, policy: string, items: readonly unknown[]) => {
    const { status, body } = await gateway.post(`/v1/feedback/${kind}`, { policy, items });
    expect(status).toBe(200);
    return reply.parse(body).data;
  };
  const pair = (n: number, rest: object = {}) => ({
    prompt: `Question ${n}`,
    candidates: [`Answer ${n}`, `Another answer ${n}`],
    ...rest,
  });

  it('writes reasons in each order, then reads the label from its probabilities', async () => {
    for (const verdict of await ask('preferences', 'default', [pair(1), pair(2), pair(3)])) {
      expect(['ok', 'tie']).toContain(verdict.outcome);
      const { a = 0, b = 0, tie = 0 } = verdict.probabilities ?? {};
      expect(a + b + tie).toBeCloseTo(1, 9);
      expect(verdict.trail.map(({ part, order, p_first: p }) => [part, order, p === null])).toEqual(
        verdict.trail[0]?.order === 'ab'
          ? [
              ['reasons', 'ab', true],
              [undefined, 'ab', false],
              ['reasons', 'ba', true],
              [undefined, 'ba', false],
            ]
          : [
              ['reasons', 'ba', true],
              [undefined, 'ba', false],
              ['reasons', 'ab', true],
              [undefined, 'ab', false],
            ],
      );
      expect(verdict.cost.output_tokens).toBeGreaterThan(10);
      const spent = verdict.trail.reduce((sum, { cost_usd: usd }) => sum + usd, 0);
      expect(verdict.cost.usd).toBeCloseTo(spent, 12);
    }
  });

  it('tells the reasons where the item asks for them, and keeps none with the label', async () => {
    const [told] = await ask('preferences', 'default', [pair(10, { reasons: true })]);
    const texts = told?.trail.map(({ reasons }) => reasons);
    expect(texts?.[0]).toMatch(/\w+ \w+/);
    expect(texts?.[1]).toBeUndefined();
    const [again] = await ask('preferences', 'default', [pair(10, { reasons: true })]);
    expect(again).toMatchObject({ cached: true, label: told?.label });
    expect(again?.trail.every(({ reasons }) => reasons === undefined)).toBe(true);
    const [silent] = await ask('preferences', 'default', [pair(11)]);
    expect(silent?.trail.every(({ reasons }) => reasons === undefined)).toBe(true);
  });

  it('is truncated, without a label, when the reasons do not end in their tokens', async () => {
    const verdicts = await ask(
      'preferences',
      'hasty',
      Array.from({ length: 6 }, (_, n) => pair(n + 20)),
    );
    const cut = verdicts.filter(({ outcome }) => outcome === 'truncated');
    expect(cut.length).toBeGreaterThan(0);
    for (const verdict of cut) {
      expect(verdict).toMatchObject({ label: null, probabilities: null, error: { code: 'truncated' } });
    }
  });

  it('scores after reasons too', async () => {
    const [verdict] = await ask('scores', 'scores', [{ prompt: 'Q', candidates: ['R'], reasons: true }]);
    expect(verdict?.outcome).toBe('ok');
    expect(verdict?.trail.map(({ part }) => part)).toEqual(['overall: reasons', 'overall']);
    expect(verdict?.trail[0]?.reasons).toMatch(/\w+/);
  });
});
