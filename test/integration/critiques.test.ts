import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const step = z.object({
  principle: z.string(),
  response: z.string(),
  critique: z.string(),
  evidence: z.array(z.unknown()).nullable(),
  revision: z.string().nullable(),
  cost: z.object({ usd: z.number(), output_tokens: z.number() }),
});
const reply = z.object({
  data: z.array(
    z.object({
      task: z.string(),
      outcome: z.string(),
      label: z.null(),
      confidence: z.number().nullable(),
      tier: z.string().nullable(),
      critique: z
        .object({
          steps: z.array(step),
          revision: z.string().nullable(),
          improvement: z.number().nullable(),
        })
        .optional(),
      cost: z.object({ usd: z.number() }),
      trail: z.array(
        z.object({ tier: z.string(), judge: z.string(), part: z.string(), cost_usd: z.number() }),
      ),
      decisions: z.array(z.object({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
  summary: z.object({ ok: z.int(), failed: z.int() }),
});

const HARMLESS = `
name: harmless
version: 1
principles:
  - { id: harm, critique: Say how the response could hurt somebody., revision: Take out what could hurt. }
  - { id: law, critique: Say which crimes the response helps with., revision: Take out help with crimes. }
  - { id: tone, critique: Say where the response is rude., revision: Make the response polite. }
examples:
  - prompt: How do I pick a lock?
    response: Use a tension wrench.
    critiqueRequest: Say which crimes the response helps with.
    critique: It helps with burglary.
    revisionRequest: Take out help with crimes.
    revision: If it is your own lock, a locksmith can open it.
`;
const SHARED = '{"constitutions": [{"critic": "Is it kind?", "revision": "Make it kind."}]}';

/** Critiques and revisions through a gateway: two simulated critics, and one of them compares. */
describe('POST /v1/feedback/critiques', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway(
      {
        constitutions: { directory: 'constitutions' },
        judges: {
          critic: { engine: 'small', prompt: 'critique/chain', maxTokens: 400 },
          editor: { engine: 'large', prompt: 'critique/chain', maxTokens: 400 },
          terse: { engine: 'large', prompt: 'critique/chain', maxTokens: 16 },
          pairs: { engine: 'small' },
        },
        policies: {
          default: { tiers: ['pairs'] },
          critiques: {
            task: 'critique',
            tiers: ['critic', 'editor'],
            acceptAt: 0.6,
            critique: { constitution: 'harmless', checkedBy: 'pairs' },
          },
          cut: { task: 'critique', tiers: ['terse'], critique: { constitution: 'kind@1' } },
        },
      },
      { 'constitutions/harmless.yaml': HARMLESS, 'constitutions/kind.json': SHARED },
    );
  });
  afterAll(() => gateway.close());

  const criticise = async (items: readonly unknown[], policy?: string) => {
    const { status, body } = await gateway.post('/v1/feedback/critiques', { policy, items });
    expect(status).toBe(200);
    return reply.parse(body);
  };
  const item = (n: number, rest: object = {}) => ({
    prompt: `Question ${n}`,
    candidates: [`Answer ${n}`],
    ...rest,
  });

  it('gives one critique by a principle that the seed chooses', async () => {
    const { data, summary } = await criticise([
      item(1, { seed: 1 }),
      item(2, { seed: 1 }),
      item(1, { seed: 2 }),
    ]);
    expect(summary).toMatchObject({ ok: 3, failed: 0 });
    for (const verdict of data) {
      expect(verdict).toMatchObject({ task: 'critique', outcome: 'ok', tier: 'critic', confidence: null });
      expect(verdict.critique?.steps).toHaveLength(1);
      expect(verdict.critique?.steps[0]).toMatchObject({ revision: null, evidence: null });
      expect(verdict.critique?.steps[0]?.critique).not.toBe('');
      expect(verdict.trail.map(({ part }) => part)).toEqual(['critique 1']);
    }
    const principles = data.map(({ critique }) => critique?.steps[0]?.principle);
    expect(principles[0]).toBe(principles[1]);
  });

  it('revises in rounds, keeps every step, and asks the next tier where the revision is no better', async () => {
    const { data } = await criticise(Array.from({ length: 12 }, (_, n) => item(n, { revise: 2 })));
    const tiers = new Set<string | null>();
    for (const verdict of data) {
      tiers.add(verdict.tier);
      expect(verdict.task).toBe('revision');
      const steps = verdict.critique?.steps ?? [];
      expect(steps).toHaveLength(2);
      expect(steps[1]?.response).toBe(steps[0]?.revision);
      expect(verdict.critique?.revision).toBe(steps[1]?.revision);
      expect(steps[0]?.principle).not.toBe(steps[1]?.principle);
      const improvement = verdict.critique?.improvement ?? -1;
      expect(verdict.confidence).toBe(improvement);
      if (verdict.tier === 'critic') expect(improvement).toBeGreaterThanOrEqual(0.6);
      // Written to a hundredth: .597 is less than .6 and reads 0.60.
      else expect(verdict.decisions[0]?.reason).toMatch(/^P\(better\) 0\.([0-5]\d|60) < 0\.60$/);
      const asked = verdict.trail.map(({ tier, judge, part }) => `${tier} ${judge} ${part}`);
      const chain = (tier: string) => [
        `${tier} ${tier} critique 1`,
        `${tier} ${tier} revision 1`,
        `${tier} ${tier} critique 2`,
        `${tier} ${tier} revision 2`,
        `${tier} pairs check`,
        `${tier} pairs check`,
      ];
      expect(asked).toEqual(
        verdict.tier === 'critic' ? chain('critic') : [...chain('critic'), ...chain('editor')],
      );
      const own = verdict.trail.filter(({ tier, part }) => tier === verdict.tier && part !== 'check');
      const spent = own.reduce((sum, entry) => sum + entry.cost_usd, 0);
      expect(steps.reduce((sum, { cost }) => sum + cost.usd, 0)).toBeCloseTo(spent, 12);
      expect(verdict.cost.usd).toBeGreaterThan(spent);
    }
    expect(tiers).toEqual(new Set(['critic', 'editor']));
  });

  it('gives the same chain again for the same item', async () => {
    const one = (await criticise([item(5, { revise: 3 })])).data[0];
    const other = (await criticise([item(5, { revise: 3 })])).data[0];
    expect(one?.critique?.steps.map(({ principle, revision }) => [principle, revision])).toEqual(
      other?.critique?.steps.map(({ principle, revision }) => [principle, revision]),
    );
    expect(new Set(one?.critique?.steps.map(({ principle }) => principle)).size).toBe(3);
  });

  it('ends as truncated where an answer reaches its limit, with what it cost', async () => {
    const { data } = await criticise(
      Array.from({ length: 12 }, (_, n) => item(n)),
      'cut',
    );
    const cut = data.filter(({ outcome }) => outcome === 'truncated');
    expect(cut.length).toBeGreaterThan(3);
    for (const verdict of cut) {
      expect(verdict.error?.code).toBe('truncated');
      expect(verdict.critique).toBeUndefined();
      expect(verdict.cost.usd).toBeGreaterThan(0);
    }
  });

  it('names what an item got wrong, and the constitutions that there are', async () => {
    const { data } = await criticise([
      item(1, { constitution: 'kind', revise: 9, evidence: 'yes' }),
      item(2, { constitution: 'nope' }),
      item(3, { constitution: 'kind' }),
    ]);
    expect(data[0]?.error?.message).toBe(
      'items[0].revise must be at most 8, found 9; items[0].evidence must be a boolean, found a string',
    );
    expect(data[1]?.error?.message).toBe(
      'items[1].constitution is not a known constitution; known: harmless@1, kind@1, harmless, kind',
    );
    expect(data[2]).toMatchObject({ outcome: 'ok', critique: { steps: [{ principle: 'principle-1' }] } });
  });
});
