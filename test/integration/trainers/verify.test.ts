import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';

const reply = z.looseObject({
  reward: z.number(),
  assay_rank: z.number(),
  assay_group_size: z.int(),
  assay_cost_usd: z.number(),
});

/** NeMo-Gym's agents, which bring the rollouts of a prompt one by one. */
describe('/verify', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { pairs: { engine: 'large' } },
      policies: { default: { tiers: ['pairs'], cohorts: { size: 3, waitMs: 1_000 } } },
    });
  });
  afterAll(() => gateway.close());

  const rollout = (prompt: string, n: number, rest: object = {}) => ({
    responses_create_params: { input: [{ role: 'user', content: prompt }], temperature: 1 },
    response: {
      id: `resp_${n}`,
      output: [
        { type: 'function_call', name: 'look_up', arguments: '{}', call_id: 'c' },
        { type: 'message', content: [{ type: 'output_text', text: `Answer ${n} to ${prompt}` }] },
      ],
    },
    agent_ref: { name: 'simple' },
    ...rest,
  });
  const verify = async (body: unknown) => {
    const answered = await gateway.post('/verify', body);
    expect(answered.status).toBe(200);
    return reply.parse(answered.body);
  };
  const group = (prompt: string, from = 1) =>
    Promise.all([0, 1, 2].map((n) => verify(rollout(prompt, from + n))));

  it('gives each rollout its reward once the group is complete, and its own body back', async () => {
    const rewards = await group('Is flour safe to eat raw?');
    expect(rewards.map(({ assay_group_size: size }) => size)).toEqual([3, 3, 3]);
    expect(rewards.reduce((sum, { reward }) => sum + reward, 0)).toBeCloseTo(0, 9);
    expect(rewards.map(({ assay_rank: rank }) => rank).toSorted((x, y) => x - y)).toEqual([1, 2, 3]);
    expect(rewards[1]).toMatchObject(rollout('Is flour safe to eat raw?', 2));
  });

  it('begins a new group when a prompt comes again', async () => {
    const first = await group('Why is the sky blue?');
    const second = await group('Why is the sky blue?', 4);
    expect(second.map(({ assay_group_size: size }) => size)).toEqual([3, 3, 3]);
    expect(second.map(({ reward }) => reward)).not.toEqual(first.map(({ reward }) => reward));
  });

  it('keeps prompts and principles apart', async () => {
    const bodies = ['kind', 'short'].flatMap((principle) =>
      [1, 2, 3].map((n) => rollout('Say hello.', n, { principle: `The answer should be ${principle}.` })),
    );
    const rewards = await Promise.all(bodies.map(verify));
    expect(rewards.map(({ assay_group_size: size }) => size)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('gives a rollout that is sent again the same reward, for nothing', async () => {
    const [first] = await group('What is a fjord?');
    const again = await verify(rollout('What is a fjord?', 1));
    expect(again.reward).toBe(first?.reward);
    expect(again.assay_cost_usd).toBe(0);
  });

  it('ranks those that came when one stays away, and starts afresh with the late one', async () => {
    const came = await Promise.all([1, 2].map((n) => verify(rollout('Who is late?', n))));
    expect(came.map(({ assay_group_size: size }) => size)).toEqual([2, 2]);
    const next = await group('Who is late?', 3);
    expect(next.map(({ assay_group_size: size }) => size)).toEqual([3, 3, 3]);
  });

  it('gives no reward to a rollout that stays alone', async () => {
    const answered = await fetch(`${gateway.url}/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-assay-deadline-ms': '1500' },
      body: JSON.stringify(rollout('Is anybody there?', 1)),
    });
    expect(answered.status).toBe(503);
    expect(answered.headers.get('retry-after')).toBe('1');
    expect(await answered.text()).not.toContain('reward');
  });

  it('tells what is missing, all at once', async () => {
    const { status, body } = await gateway.post('/verify', { response: { output: 'x' }, principle: 4 });
    expect(status).toBe(400);
    const text = JSON.stringify(body);
    for (const place of ['responses_create_params', 'response.output', 'principle'])
      expect(text).toContain(place);
  });

  it('has nothing to prepare for a session', async () => {
    expect(await gateway.post('/seed_session', {})).toMatchObject({ status: 200, body: {} });
  });
});

describe('/verify of a policy without a size', () => {
  it('says which key to set', async () => {
    const gateway = await startFeedbackGateway({
      judges: { pairs: { engine: 'large' } },
      policies: { default: { tiers: ['pairs'] } },
    });
    try {
      const { status, body } = await gateway.post('/verify', {
        responses_create_params: { input: 'Hi' },
        response: { output: [{ type: 'message', content: 'Hello!' }] },
      });
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain('policies.default.cohorts.size');
    } finally {
      await gateway.close();
    }
  });
});
