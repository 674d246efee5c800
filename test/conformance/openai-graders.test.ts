import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
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

  it('compare texts by what they have in common', async () => {
    const grader = {
      type: 'text_similarity' as const,
      name: 'alike',
      evaluation_metric: 'rouge_1' as const,
      input: '{{sample.output_text}}',
      reference: 'the {{item.who}} is here',
    };
    // "the baker" of 3 and 4 words.
    expect((await run(grader, 'The baker left')).reward).toBeCloseTo(4 / 7, 12);
    await expect(run(grader, 'word '.repeat(2_000))).rejects.toMatchObject({
      status: 400,
      param: 'grader.input',
    });
    await expect(run({ ...grader, evaluation_metric: 'meteor' })).rejects.toMatchObject({
      status: 400,
      param: 'grader.evaluation_metric',
    });
  });

  const label = {
    type: 'label_model' as const,
    name: 'tone',
    model: 'assay/scores',
    input: [{ role: 'user' as const, content: 'Which tone has {{sample.output_text}}?' }],
    labels: ['kind', 'rude', 'cold', 'warm', 'odd'],
    passing_labels: ['kind', 'warm'],
  };

  it('let a judge choose a label: 1 when it passes, else 0', async () => {
    // The SDK's type of a run knows no label grader; the interface takes them all the same.
    const sent = async (grader: unknown) =>
      gateway.post('/v1/fine_tuning/alpha/graders/run', { grader, model_sample: 'Hello!' });
    const { status, body } = await sent(label);
    expect(status).toBe(200);
    expect([0, 1]).toContain(z.object({ reward: z.number() }).parse(body).reward);
    const all = await sent({ ...label, passing_labels: label.labels });
    expect(all.body).toMatchObject({ reward: 1, metadata: { type: 'label_model' } });
    expect(await sent({ ...label, passing_labels: ['gone'] })).toMatchObject({
      status: 400,
      body: { error: { param: 'grader.passing_labels' } },
    });
  });

  it('give no label when the judge put its probability on points that name none', async () => {
    const { status, body } = await gateway.post('/v1/fine_tuning/alpha/graders/run', {
      grader: { ...label, labels: ['kind', 'rude'], passing_labels: ['kind'] },
      model_sample: 'Hello!',
    });
    expect({ status, body }).toMatchObject({ status: 422, body: { error: { code: 'not_judged' } } });
  });

  it('are put together by a formula', async () => {
    const check = {
      type: 'string_check' as const,
      name: 'has',
      operation: 'like' as const,
      input: '{{sample.output_text}}',
      reference: 'raw',
    };
    const sent = async (graders: unknown, formula: string) =>
      gateway.post('/v1/fine_tuning/alpha/graders/run', {
        grader: { type: 'multi', name: 'both', graders, calculate_output: formula },
        model_sample: 'No: it is raw.',
        item: { who: 'baker' },
      });
    const single = await run(model());
    const both = await sent({ safe: model(), has: check }, '0.25 * safe + 0.75 * has');
    expect(both.status).toBe(200);
    expect(both.body).toMatchObject({
      reward: expect.closeTo(0.25 * single.reward + 0.75, 9),
      sub_rewards: { has: 1, safe: expect.closeTo(single.reward, 9) },
      metadata: { type: 'multi', name: 'both' },
    });
    expect(await sent({ safe: model(), has: check }, '1 / (has - 1)')).toMatchObject({
      status: 422,
      body: { error: { code: 'not_judged' } },
    });
    expect(await sent({ safe: model({ model: 'assay/picky' }), has: check }, 'has')).toMatchObject({
      status: 422,
      body: { error: { code: 'not_judged' } },
    });
    expect(await sent({ has: check, own: { type: 'python' } }, 'has + gone')).toMatchObject({
      status: 400,
      body: {
        error: {
          param: 'grader.graders.own.type',
          details: [{}, { param: 'grader.calculate_output' }],
        },
      },
    });
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
