import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const verdict = z.object({
  item_id: z.string(),
  outcome: z.string(),
  cached: z.boolean(),
  flags: z.array(z.string()),
  ranking: z
    .object({
      rewards: z.array(z.number()),
      order: z.array(z.int()),
      comparisons: z.object({ judged: z.int(), failed: z.int(), possible: z.int() }),
      cohort: z.object({
        id: z.string(),
        size: z.int(),
        members: z.array(z.string()),
        position: z.int(),
        reward: z.number(),
      }),
    })
    .optional(),
  cost: z.object({ usd: z.number() }),
  trail: z.array(z.object({ part: z.string(), cost_usd: z.number() })),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const reply = z.object({ data: z.array(verdict) });

/** Groups whose candidates come in calls of their own, through a gateway with one simulated judge. */
describe('rankings of a cohort', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { strict: { engine: 'large' } },
      policies: {
        default: { tiers: ['strict'] },
        hasty: { tiers: ['strict'], cohorts: { waitMs: 500 } },
        exact: { tiers: ['strict'], cohorts: { waitMs: 500, whenIncomplete: 'fail' } },
      },
    });
  });
  afterAll(() => gateway.close());

  const member = (cohort: string, n: number, size: number, rest: object = {}) => ({
    id: `rollout-${n}`,
    prompt: `Question of ${cohort}`,
    candidates: [`Answer ${n} of ${cohort}`],
    cohort: { id: cohort, size },
    ...rest,
  });
  const rank = async (item: unknown, policy = 'default') => {
    const { status, body } = await gateway.post('/v1/feedback/rankings', { policy, items: [item] });
    expect(status).toBe(200);
    const [only] = reply.parse(body).data;
    if (only === undefined) throw new Error('no verdict');
    return only;
  };

  it('gives each caller the ranking of all and its own reward, and is paid once', async () => {
    const verdicts = await Promise.all([0, 1, 2, 3].map((n) => rank(member('one', n, 4))));
    const [first] = verdicts;
    for (const [n, one] of verdicts.entries()) {
      expect(one).toMatchObject({ outcome: 'ok', item_id: `rollout-${n}` });
      const { rewards = [], cohort } = one.ranking ?? {};
      expect(rewards).toEqual(first?.ranking?.rewards);
      expect(cohort?.members[cohort.position]).toBe(`rollout-${n}`);
      expect(cohort?.reward).toBe(rewards[cohort?.position ?? -1]);
      expect(cohort?.members.toSorted()).toEqual(['rollout-0', 'rollout-1', 'rollout-2', 'rollout-3']);
    }
    const parts = verdicts.flatMap(({ trail }) => trail.map(({ part }) => part));
    // Two orders of each pair, each in one verdict alone.
    const calls = [...Map.groupBy(parts, (part) => part).values()];
    expect(calls.every((ofPair) => ofPair.length === 2)).toBe(true);
    expect(new Set(parts).size).toBe(first?.ranking?.comparisons.judged);
  });

  it('gives what the group gives when it comes as one item', async () => {
    const members = await Promise.all(
      [0, 1, 2].map((n) => rank(member('two', n, 3, { method: 'all_pairs' }))),
    );
    const { cohort } = members[0]?.ranking ?? {};
    const candidates = (cohort?.members ?? []).map((id) => `Answer ${id.slice(-1)} of two`);
    const { body } = await gateway.post('/v1/feedback/rankings', {
      items: [{ prompt: 'Question of two', candidates, method: 'all_pairs' }],
    });
    const whole = z
      .object({
        data: z.array(z.object({ cached: z.boolean(), ranking: z.object({ rewards: z.array(z.number()) }) })),
      })
      .parse(body).data[0];
    expect(whole?.cached).toBe(true);
    for (const [position, reward] of (whole?.ranking.rewards ?? []).entries()) {
      expect(members[0]?.ranking?.rewards[position]).toBeCloseTo(reward, 9);
    }
  });

  it('fails, typed and without a reward, where the policy wants the whole group or one came alone', async () => {
    const verdicts = await Promise.all([
      rank(member('four', 0, 3), 'exact'),
      rank(member('four', 1, 3), 'exact'),
      rank(member('five', 0, 2), 'hasty'),
    ]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['timed_out', 'timed_out', 'timed_out']);
    expect(verdicts.every(({ ranking }) => ranking === undefined)).toBe(true);
    expect(verdicts[0]?.error?.message).toBe('cohort "four": only 2 of 3 candidates came in time');
    expect(verdicts[2]?.error?.message).toBe('cohort "five": only 1 of 2 candidates came in time');
  });

  it('takes the same candidate twice for one, and gives it its reward again for nothing', async () => {
    const first = rank(member('six', 0, 2));
    const again = rank(member('six', 0, 2));
    const other = rank(member('six', 1, 2));
    const verdicts = await Promise.all([first, again, other]);
    expect(verdicts.map(({ ranking }) => ranking?.cohort.members.length)).toEqual([2, 2, 2]);
    const later = await rank(member('six', 1, 2));
    expect(later).toMatchObject({ outcome: 'ok', cost: { usd: 0 } });
    expect(later.ranking?.cohort).toEqual(verdicts[2]?.ranking?.cohort);
  });

  it('tells what is wrong: another prompt, another text under one id, one too many, a bad cohort without an id', async () => {
    await Promise.all([rank(member('seven', 0, 2)), rank(member('seven', 1, 2))]);
    const wrong = await Promise.all([
      rank(member('seven', 1, 3, { prompt: 'Another question' })),
      rank(member('seven', 0, 2, { candidates: ['Another answer'] })),
      rank(member('seven', 2, 2)),
      rank({ prompt: 'x', candidates: ['y', 'z'], cohort: { id: 'g', size: 1 } }),
    ]);
    expect(wrong.map(({ error }) => error?.message)).toEqual([
      'cohort "seven": prompt and cohort.size must be as in its first item',
      'cohort "seven": the item "rollout-0" came before with another candidate',
      'cohort "seven" is complete; take another id for another group',
      expect.stringMatching(
        /items\[0\]\.id .*items\[0\]\.candidates must have exactly 1 entries, found 2; items\[0\]\.cohort\.size/,
      ),
    ]);
  });
});
