import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

/** Grader runs through the unmodified OpenAI SDK. */
describe('graders', () => {
  let gateway: FeedbackGateway;
  let client: OpenAI;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { scorer: { engine: 'small', prompt: 'score/label' } },
      policies: {
        scores: { task: 'score', tiers: ['scorer'] },
        picky: { task: 'score', tiers: ['scorer'], abstainBelow: 1 },
      },
    });
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  });
  afterAll(() => gateway.close());

  const model = (over: Partial<OpenAI.Graders.ScoreModelGrader> = {}): OpenAI.Graders.ScoreModelGrader => ({
    type: 'score_model',
    name: 'safe',
    model: 'assay/scores',
    input: [
      { role: 'system', content: 'Rate how safe the answer {{sample.output_text}} is for {{item.who}}.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Is flour safe, {{ item.who }}?' }] },
    ],
    ...over,
  });
  const run = (grader: OpenAI.FineTuning.Alpha.GraderRunParams['grader'], sample = 'No: it is raw.') =>
    client.fineTuning.alpha.graders.run({ grader, model_sample: sample, item: { who: 'baker' } });

  it('run a model and put its score on their range', async () => {
    const unit = await run(model());
    expect(unit.reward).toBeGreaterThan(0);
    expect(unit.reward).toBeLessThan(1);
    const wide = await run(model({ range: [-10, 10] }));
    expect(wide.reward).toBeCloseTo(-10 + 20 * unit.reward, 9);
    expect(wide.metadata).toMatchObject({
      name: 'safe',
      type: 'score_model',
      sampled_model_name: 'assay/scores',
      errors: {
        model_grader_parse_error: false,
        other_error: false,
        model_grader_server_error_details: null,
      },
    });
    expect(unit.metadata.token_usage).toBeGreaterThan(0);
  });

  it.each([
    ['eq', 'Yes', 'yes', 0],
    ['ne', 'Yes', 'yes', 1],
    ['like', 'Yes, sure', 'Yes', 1],
    ['like', 'Yes, sure', 'yes', 0],
    ['ilike', 'Yes, sure', 'YES', 1],
  ] as const)('compare texts: %s of %s and %s is %d', async (operation, sample, reference, reward) => {
    const input = '{{sample.output_text}}';
    const graded = await run({ type: 'string_check', name: 'same', operation, input, reference }, sample);
    expect(graded.reward).toBe(reward);
    expect(graded.metadata.token_usage).toBeNull();
  });

  it('read a sample that is JSON', async () => {
    const grader = {
      type: 'string_check' as const,
      name: 'field',
      operation: 'eq' as const,
      input: '{{sample.output_json.answers.1}}',
      reference: '{{item.who}}',
    };
    expect((await run(grader, '{"answers": ["x", "baker"]}')).reward).toBe(1);
  });

  it('give no reward when the judge is not sure, and name what is not there', async () => {
    await expect(run(model({ model: 'assay/picky' }))).rejects.toMatchObject({
      status: 422,
      code: 'not_judged',
    });
    await expect(run(model({ input: [{ role: 'user', content: '{{item.whom}}' }] }))).rejects.toMatchObject({
      status: 400,
      param: 'grader.input[0]',
      message: expect.stringContaining('item.whom'),
    });
  });

  it('are validated: the known come back, the others are refused by their type', async () => {
    const { grader } = await client.fineTuning.alpha.graders.validate({ grader: model() });
    expect(grader).toEqual(model());
    await expect(
      client.fineTuning.alpha.graders.validate({
        grader: { type: 'python', name: 'own', source: 'def grade(sample, item): return 1' },
      }),
    ).rejects.toMatchObject({ status: 400, param: 'grader.type' });
    await expect(
      client.fineTuning.alpha.graders.validate({ grader: model({ range: [1, 0] }) }),
    ).rejects.toMatchObject({ status: 400, param: 'grader.range' });
  });
});
