import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const reply = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      task: z.string(),
      outcome: z.string(),
      label: z.null(),
      confidence: z.number().nullable(),
      cached: z.boolean(),
      flags: z.array(z.string()),
      ranking: z
        .object({
          method: z.string(),
          rewards: z.array(z.number()),
          standard_errors: z.array(z.number()),
          order: z.array(z.int()),
          ranks: z.array(z.number()),
          comparisons: z.object({ judged: z.int(), failed: z.int(), possible: z.int() }),
        })
        .optional(),
      cost: z.object({ usd: z.number() }),
      trail: z.array(z.object({ part: z.string(), order: z.string(), cost_usd: z.number() })),
      decisions: z.array(z.object({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
      error: z.object({ message: z.string() }).nullable(),
    }),
  ),
  summary: z.object({ ok: z.int(), failed: z.int() }),
});

/** Rankings through a gateway with a cascade of two simulated judges. */
describe('POST /v1/feedback/rankings', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
      policies: { default: { tiers: ['quick', 'strict'], acceptAt: 0.95 } },
    });
  });
  afterAll(() => gateway.close());

  const rank = async (items: readonly unknown[]) => {
    const { status, body } = await gateway.post('/v1/feedback/rankings', { items });
    expect(status).toBe(200);
    return reply.parse(body);
  };
  const group = (name: string, size: number, rest: object = {}) => ({
    id: name,
    prompt: `Question ${name}`,
    candidates: Array.from({ length: size }, (_, n) => `Answer ${n} to ${name}`),
    ...rest,
  });

  it('gives k rewards and an order, and adds up what all comparisons cost', async () => {
    const { data, summary } = await rank([
      group('one', 4, { method: 'all_pairs' }),
      group('two', 5, { method: 'circular' }),
    ]);
    expect(summary).toMatchObject({ ok: 2, failed: 0 });
    for (const [index, size] of [4, 5].entries()) {
      const verdict = data[index];
      const ranking = verdict?.ranking;
      if (verdict === undefined || ranking === undefined) throw new Error('not ranked');
      expect(verdict).toMatchObject({ task: 'ranking', outcome: 'ok', flags: ['uncertified'] });
      expect(ranking.rewards).toHaveLength(size);
      expect(ranking.rewards.reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(0, 9);
      expect(ranking.standard_errors.every((error) => error > 0)).toBe(true);
      const byReward = ranking.rewards.map((reward, position) => ({ reward, position }));
      expect(ranking.order).toEqual(
        byReward.toSorted((x, y) => y.reward - x.reward).map(({ position }) => position),
      );
      const spent = verdict.trail.reduce((sum, entry) => sum + entry.cost_usd, 0);
      expect(verdict.cost.usd).toBeCloseTo(spent, 12);
    }
    expect(data[0]?.ranking?.comparisons).toEqual({ judged: 6, failed: 0, possible: 6 });
    expect(data[1]?.ranking?.comparisons).toEqual({ judged: 5, failed: 0, possible: 10 });
    expect(new Set(data[0]?.trail.map(({ part }) => part))).toEqual(
      new Set(['0 1', '0 2', '0 3', '1 2', '1 3', '2 3']),
    );
    expect(new Set(data[0]?.trail.map(({ order }) => order))).toEqual(new Set(['ab', 'ba']));
  });

  it('compares at most half of the pairs when it may choose them', async () => {
    const [verdict] = (await rank([group('sixteen', 16)])).data;
    expect(verdict?.ranking?.comparisons.judged).toBeLessThanOrEqual(60);
    expect(verdict?.ranking?.method).toBe('adaptive');
    expect(verdict?.decisions[0]).toMatchObject({ tier: 'ranking', accepted: true });
    expect(verdict?.confidence).toBeGreaterThan(0.8);
  });

  it('ranks again out of the label cache, at no cost', async () => {
    const first = (await rank([group('again', 4, { method: 'all_pairs' })])).data[0];
    const second = (await rank([group('again', 4, { method: 'all_pairs' })])).data[0];
    expect(first?.cached).toBe(false);
    expect(second).toMatchObject({ cached: true, cost: { usd: 0 } });
    for (const [position, reward] of (first?.ranking?.rewards ?? []).entries()) {
      expect(second?.ranking?.rewards[position]).toBeCloseTo(reward, 9);
    }
    expect(second?.id).not.toBe(first?.id);
  });

  it('refuses one candidate, more than 64 and fields of other tasks, each item for itself', async () => {
    const { data } = await rank([
      group('short', 1),
      group('long', 65),
      group('odd', 2, { revise: 1 }),
      group('good', 2),
    ]);
    expect(data.map(({ outcome }) => outcome)).toEqual([
      'invalid_item',
      'invalid_item',
      'invalid_item',
      'ok',
    ]);
    expect(data[0]?.error?.message).toBe('items[0].candidates must have at least 2 entries, found 1');
    expect(data[1]?.error?.message).toBe('items[1].candidates must have at most 64 entries, found 65');
    expect(data[2]?.error?.message).toMatch(/^items\[2\]\.revise is not a known field; allowed: id, prompt/);
  });

  it('is typed as an engine failure when no comparison could be judged', async () => {
    await Promise.all([
      gateway.faults('small', { overloaded: true }),
      gateway.faults('large', { overloaded: true }),
    ]);
    const [verdict] = (await rank([group('broken', 3, { method: 'all_pairs' })])).data;
    await Promise.all([
      gateway.faults('small', { overloaded: false }),
      gateway.faults('large', { overloaded: false }),
    ]);
    expect(verdict).toMatchObject({ outcome: 'engine_failed', confidence: null });
    expect(verdict?.ranking).toBeUndefined();
    expect(verdict?.error?.message).toMatch(/^3 comparisons gave no label/);
  });
});
