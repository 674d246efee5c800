import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const reply = z.object({
  data: z.array(
    z.object({
      item_id: z.string(),
      outcome: z.string(),
      label: z.string().nullable(),
      probabilities: z.object({ a: z.number(), b: z.number(), tie: z.number() }).nullable(),
      cached: z.boolean(),
      cost: z.object({ usd: z.number(), input_tokens: z.int(), output_tokens: z.int() }),
      trail: z.array(
        z.object({
          part: z.string().optional(),
          prompt: z.string(),
          coalesced: z.int().nullable(),
          order: z.string(),
          route: z.string().nullable(),
        }),
      ),
    }),
  ),
});

const RULES = 'The better response says what is so. '.repeat(60);

describe('several items in one prompt', () => {
  let gateway: FeedbackGateway;

  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: {
        many: { engine: 'small', prompt: 'preference/several', itemsPerPrompt: 4 },
        one: { engine: 'small' },
      },
      policies: { default: { tiers: ['many'] }, single: { tiers: ['one'] } },
      rubrics: { 'long@1': { text: RULES } },
    });
  });
  afterAll(() => gateway.close());

  const judge = async (policy: string, items: readonly unknown[]) =>
    reply.parse((await gateway.post('/v1/feedback/preferences', { policy, items })).body).data;
  const pairs = (of: string, count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({
      id: `${of}${i}`,
      prompt: `${of}: what of ${i}?`,
      candidates: [`${of} one of ${i}`, `${of} two of ${i}`],
      rubric: 'long@1',
    }));

  it('are judged as the engine judges each alone, each by the label in its own place', async () => {
    const items = pairs('same', 12);
    const together = await judge('default', items);
    const alone = await judge('single', items);
    expect(together.map(({ item_id: id }) => id)).toEqual(alone.map(({ item_id: id }) => id));
    for (const [i, verdict] of together.entries()) {
      expect(['ok', 'tie']).toContain(verdict.outcome);
      expect(verdict.label).toBe(alone[i]?.label);
      expect(verdict.probabilities?.a).toBeCloseTo(alone[i]?.probabilities?.a ?? 0, 6);
      expect(verdict.trail.map(({ prompt, coalesced, route }) => [prompt, coalesced, route])).toEqual([
        ['preference/several@1', 4, 'top_logprobs'],
        ['preference/several@1', 4, 'top_logprobs'],
      ]);
      const places = verdict.trail.map(({ part }) => Number(/^item (\d) of 4$/.exec(part ?? '')?.[1]));
      expect((places[0] ?? 0) + (places[1] ?? 0)).toBe(5);
    }
    const tokens = (of: typeof alone): number => of.reduce((sum, { cost }) => sum + cost.input_tokens, 0);
    expect(tokens(together)).toBeLessThan(0.4 * tokens(alone));
  });

  it('are another judge: no label of the one answers for the other, each finds its own', async () => {
    const items = pairs('kept', 4);
    await judge('single', items);
    const first = await judge('default', items);
    expect(first.map(({ cached }) => cached)).toEqual([false, false, false, false]);
    const again = await judge('default', items);
    expect(again.map(({ cached }) => cached)).toEqual([true, true, true, true]);
    expect(again.map(({ probabilities }) => probabilities)).toEqual(
      first.map(({ probabilities }) => probabilities),
    );
  });

  it('leave an item alone that does not fit, and judge the others', async () => {
    const long = { id: 'long', prompt: 'p', candidates: ['x '.repeat(20_000), 'y'], rubric: 'long@1' };
    const verdicts = await judge('default', [...pairs('before', 2), long, ...pairs('after', 3)]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'truncated', 'ok', 'ok', 'ok']);
  });
});
