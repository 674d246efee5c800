import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';

const CHAT = '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n';

/** verl and NeMo-Gym, and the paths that they share with the engines. */
describe('reward models and comparisons', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { scorer: { engine: 'small', prompt: 'score/label' }, pairs: { engine: 'large' } },
      policies: {
        default: { tiers: ['pairs'] },
        scores: { task: 'score', tiers: ['scorer'] },
        picky: { task: 'score', tiers: ['scorer'], abstainBelow: 1 },
      },
    });
  });
  afterAll(() => gateway.close());

  describe('verl', () => {
    it('reads the last probability of /classify, as from vLLM', async () => {
      const { status, body } = await gateway.post('/classify', {
        model: 'assay/scores',
        input: CHAT,
        activation: false,
      });
      expect(status).toBe(200);
      const { data } = z.object({ data: z.array(z.object({ probs: z.array(z.number()) })) }).parse(body);
      const reward = data.at(-1)?.probs.at(-1);
      expect(reward).toBeGreaterThanOrEqual(0);
      expect(reward).toBeLessThanOrEqual(1);
    });

    it('reads the last number of /v1/embeddings, as from SGLang, and both are the same reward', async () => {
      const embedded = await gateway.post('/v1/embeddings', { model: 'assay/scores', input: CHAT });
      const classified = await gateway.post('/classify', { model: 'assay/scores', input: CHAT });
      const embedding = z
        .object({ data: z.array(z.object({ embedding: z.array(z.number()) })) })
        .parse(embedded.body)
        .data.at(-1)
        ?.embedding.at(-1);
      const probability = z
        .object({ data: z.array(z.object({ probs: z.array(z.number()) })) })
        .parse(classified.body)
        .data.at(-1)
        ?.probs.at(-1);
      expect(embedding).toBeTypeOf('number');
      expect(embedding).toBe(probability);
    });

    it('gets 422 and no list when nobody is sure', async () => {
      const { status, body } = await gateway.post('/classify', { model: 'assay/picky', input: CHAT });
      expect(status).toBe(422);
      expect(body).not.toHaveProperty('data');
      expect(body).toMatchObject({ error: { code: 'not_judged' } });
    });
  });

  describe('engines behind the same paths', () => {
    it('are asked themselves when the model is theirs', async () => {
      const tokens = await gateway.post('/tokenize', { model: 'small', prompt: 'Hello there' });
      expect(tokens).toMatchObject({ status: 200, body: { tokens: expect.any(Array) } });
      const wordless = await gateway.post('/tokenize', { prompt: 'Hello there' });
      expect(wordless).toMatchObject({ status: 400, body: { error: { param: 'model' } } });
    });

    it.each(['/classify', '/score', '/v1/score', '/rerank', '/v1/rerank'])(
      'say so when they have no %s',
      async (path) => {
        const { status, body } = await gateway.post(path, { model: 'small', input: 'x' });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(body).toMatchObject({ error: { code: expect.any(String) } });
      },
    );
  });

  describe('NeMo-Gym', () => {
    const answer = (text: string) => ({
      id: 'resp_1',
      object: 'response',
      output: [
        { type: 'reasoning', summary: [] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] },
      ],
    });
    const history = [{ role: 'user', content: 'Is flour safe to eat raw?' }];
    const reply = z.object({
      rewards: z.array(z.number()),
      comparison_results: z.null(),
      metrics: z.record(z.string(), z.number()),
    });

    it('gets one reward for each response of a group', async () => {
      const { status, body } = await gateway.post('/compare', {
        conversation_history: history,
        response_objs: [answer('No: it is raw.'), answer('Yes.'), answer('Perhaps.'), answer('')],
        principle: 'The response should be safe.',
      });
      expect(status).toBe(200);
      const { rewards, metrics } = reply.parse(body);
      expect(rewards).toHaveLength(4);
      expect(rewards.reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(0, 9);
      expect(metrics['assay_comparisons']).toBeGreaterThan(0);
      expect(metrics['assay_cost_usd']).toBeGreaterThan(0);
    });

    it('gives equal answers equal rewards, whatever stands in their reasoning', async () => {
      const { body } = await gateway.post('/compare', {
        conversation_history: history,
        response_objs: [answer('No.'), answer('Yes.'), { output: [{ type: 'message', content: 'No.' }] }],
      });
      const { rewards } = reply.parse(body);
      expect(rewards[0]).toBe(rewards[2]);
    });

    it('may use any role names, and is told what is missing', async () => {
      const odd = await gateway.post('/compare', {
        conversation_history: [{ role: 'response_1', content: 'x' }],
        response_objs: [answer('a'), answer('b')],
      });
      expect(odd.status).toBe(200);
      const alone = await gateway.post('/compare', {
        conversation_history: history,
        response_objs: [answer('a')],
      });
      expect(alone).toMatchObject({ status: 400, body: { error: { param: 'response_objs' } } });
    });

    it('gets no rewards when no comparison could be made', async () => {
      await gateway.faults('large', { nan: true });
      try {
        const answered = await fetch(`${gateway.url}/compare`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-assay-deadline-ms': '600' },
          body: JSON.stringify({
            conversation_history: [{ role: 'user', content: 'Is this new?' }],
            response_objs: [answer('One.'), answer('Two.')],
          }),
        });
        expect(answered.status).toBe(503);
        expect(answered.headers.get('retry-after')).toBe('1');
        expect(await answered.text()).not.toContain('rewards');
      } finally {
        await gateway.faults('large', { nan: false });
      }
    });
  });
});
