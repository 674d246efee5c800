import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const entry = z.object({
  part: z.string(),
  route: z.string().nullable(),
  label_mass: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const reply = z.object({
  data: z.array(
    z.object({
      outcome: z.string(),
      score: z
        .object({
          criteria: z.array(
            z.object({ criterion: z.string(), expected: z.number(), scale: z.object({ max: z.int() }) }),
          ),
        })
        .optional(),
      cost: z.object({ input_tokens: z.int(), output_tokens: z.int() }),
      trail: z.array(entry),
      error: z.object({ code: z.string() }).nullable(),
    }),
  ),
});

const RUBRIC = `
name: three
version: 1
criteria:
  - { name: help, text: It helps. }
  - { name: harm, text: It hurts nobody., scale: { min: 1, max: 10 } }
  - { name: candour, text: It says what it does not know., scale: { min: 0, max: 3 } }
`;

/** All criteria of a rubric in one call of a simulated judge. */
describe('scores from one sheet', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway(
      {
        rubricFiles: { directory: 'rubrics' },
        judges: {
          apart: { engine: 'large', prompt: 'score/label' },
          sheet: { engine: 'large', prompt: 'score/sheet' },
        },
        policies: {
          apart: { task: 'score', tiers: ['apart'], rubric: 'three@1' },
          sheet: { task: 'score', tiers: ['sheet'], rubric: 'three@1' },
        },
      },
      { 'rubrics/three.yaml': RUBRIC },
    );
  });
  afterAll(() => gateway.close());

  const items = Array.from({ length: 12 }, (_, n) => ({
    prompt: `Question ${n}`,
    candidates: [`Answer ${n}`],
  }));
  const score = async (policy: string, asked: readonly unknown[] = items) => {
    const { status, body } = await gateway.post('/v1/feedback/scores', { policy, items: asked });
    expect(status).toBe(200);
    return reply.parse(body).data;
  };

  it('asks once for all criteria and reads each from its own line', async () => {
    for (const verdict of await score('sheet')) {
      expect(verdict.outcome).toBe('ok');
      expect(verdict.trail).toHaveLength(1);
      expect(verdict.trail[0]).toMatchObject({ part: 'all criteria', route: 'top_logprobs', error: null });
      expect(verdict.trail[0]?.label_mass).toBeGreaterThan(0.95);
      expect(verdict.score?.criteria.map(({ criterion, scale }) => [criterion, scale.max])).toEqual([
        ['help', 5],
        ['harm', 10],
        ['candour', 3],
      ]);
      // Three scores, two ends of lines, the end of the answer.
      expect(verdict.cost.output_tokens).toBe(6);
    }
  });

  it('takes less than half of the tokens of one call for each of three criteria', async () => {
    const sum = (verdicts: Awaited<ReturnType<typeof score>>): number =>
      verdicts.reduce((total, { cost }) => total + cost.input_tokens + cost.output_tokens, 0);
    expect(
      sum(
        await score(
          'sheet',
          items.map((item) => ({ ...item, reference: 'r' })),
        ),
      ),
    ).toBeLessThan(
      sum(
        await score(
          'apart',
          items.map((item) => ({ ...item, reference: 'r' })),
        ),
      ) / 2,
    );
  });

  it('fails as a whole, typed, when the engine fails', async () => {
    await gateway.faults('large', { overloaded: true });
    const [verdict] = await score('sheet', [{ prompt: 'x', candidates: ['y'] }]);
    await gateway.faults('large', { overloaded: false });
    expect(verdict).toMatchObject({ outcome: 'engine_failed', trail: [{ part: 'all criteria' }] });
    expect(verdict?.score).toBeUndefined();
  });
});
