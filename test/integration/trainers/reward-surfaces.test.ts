import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';

const KEY = `assay_trainer_${'k'.repeat(32)}`;
const openRlhfReply = z.strictObject({
  rewards: z.array(z.number()),
  scores: z.array(z.number()),
  extra_logs: z.strictObject({
    assay_confidence: z.array(z.number()),
    assay_cost_usd: z.array(z.number()),
    assay_cached: z.array(z.number()),
  }),
});
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Trainers that want a number for each response, speaking as their own clients do. */
describe('reward surfaces', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      rubrics: { 'short@1': { text: 'The response is short.' } },
      judges: { scorer: { engine: 'small', prompt: 'score/label' }, pairs: { engine: 'large' } },
      policies: {
        default: { tiers: ['pairs'] },
        scores: { task: 'score', tiers: ['scorer'], deadlineMs: 20_000 },
        picky: { task: 'score', tiers: ['scorer'], abstainBelow: 1 },
      },
      teams: { trainers: { keys: [{ id: 'trainer', sha256: hash('sha256', KEY) }] } },
    });
  });
  afterAll(() => gateway.close());

  /** As a Python client posts to a URL with the key as its user name: it sends it on as Basic. */
  const post = async (path: string, body: string, key = KEY) => {
    const answer = await fetch(gateway.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Python/3.12 aiohttp/3.12.15',
        authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
      },
      body,
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  describe('OpenRLHF', () => {
    const sample =
      '{"query": ["<|im_start|>user\\nIs flour safe?<|im_end|>\\n<|im_start|>assistant\\nNo: it is raw.<|im_end|>"], ' +
      '"prompts": ["<|im_start|>user\\nIs flour safe?<|im_end|>\\n<|im_start|>assistant\\n"], "labels": ["No."]}';

    it('gets a reward, a score and numbers for its log', async () => {
      const { status, text } = await post('/get_reward', sample);
      expect(status).toBe(200);
      const { rewards, scores, extra_logs: logs } = openRlhfReply.parse(JSON.parse(text));
      expect(rewards).toHaveLength(1);
      expect(rewards[0]).toBeGreaterThanOrEqual(0);
      expect(rewards[0]).toBeLessThanOrEqual(1);
      expect(scores).toEqual(rewards);
      expect(Object.values(logs).map((values) => values.length)).toEqual([1, 1, 1]);
      expect(logs.assay_cost_usd[0]).toBeGreaterThan(0);
    });

    it('gets an answer for the empty share of a second URL, with the same keys', async () => {
      const { status, text } = await post('/get_reward', '{"query": [], "prompts": [], "labels": []}');
      expect(status).toBe(200);
      expect(text).toBe(
        '{"rewards":[],"scores":[],"extra_logs":{"assay_confidence":[],"assay_cost_usd":[],"assay_cached":[]}}',
      );
    });

    it('gets the reward of blank responses that its URL names, and no reward without it', async () => {
      const blank = '{"query": ["Say hi.</s>"], "prompts": ["Say hi."], "labels": [null]}';
      const refused = await post('/get_reward', blank);
      expect(refused.status).toBe(400);
      expect(refusal.parse(JSON.parse(refused.text)).error.message).toBe(
        'query[0] has a blank response; name its reward in the URL, as ?blank=0',
      );
      const given = await post('/get_reward?blank=-1.5', blank);
      expect(openRlhfReply.parse(JSON.parse(given.text)).rewards).toEqual([-1.5]);
    });

    it('gets no number when the judges are not sure', async () => {
      const { status, text } = await post('/get_reward?policy=picky', sample);
      expect(status).toBe(422);
      expect(refusal.parse(JSON.parse(text)).error.code).toBe('not_judged');
      expect(text).not.toContain('rewards');
    });

    it('is told which word of its URL is unknown, and which lists do not match', async () => {
      const typo = await post('/get_reward?polcy=scores', sample);
      expect(typo.status).toBe(400);
      expect(typo.text).toContain('polcy');
      const uneven = await post('/get_reward', '{"query": ["a", "b"], "prompts": ["a"]}');
      expect(refusal.parse(JSON.parse(uneven.text)).error.message).toBe(
        'prompts must have as many entries as query, 2, found 1',
      );
      const unknown = await post('/get_reward?rubric=long@1', sample);
      expect(refusal.parse(JSON.parse(unknown.text)).error.message).toContain('short@1');
    });

    it('is refused without a live key', async () => {
      const { status } = await post('/get_reward', sample, `assay_trainer_${'x'.repeat(32)}`);
      expect(status).toBe(401);
    });
  });

  describe('slime', () => {
    const body = '{"prompt": "Is flour safe?", "response": "No: it is raw.<|im_end|>", "label": "No."}';

    it('gets a bare number', async () => {
      const { status, text } = await post('/rm?policy=scores', body);
      expect(status).toBe(200);
      expect(text).toMatch(/^0\.\d+$/);
    });

    it('gets an object under its reward key', async () => {
      const { text } = await post('/rm?key=score&rubric=short@1', body);
      const reply = z.object({ score: z.number(), assay_confidence: z.number() }).parse(JSON.parse(text));
      expect(reply.score).toBeGreaterThanOrEqual(0);
      expect(reply.score).toBeLessThanOrEqual(1);
    });

    it('may send its prompt as messages', async () => {
      const { status, text } = await post(
        '/rm',
        '{"prompt": [{"role": "user", "content": "Is flour safe?"}], "response": "No.", "label": null}',
      );
      expect(status).toBe(200);
      expect(text).toMatch(/^0\.\d+$/);
    });

    it('is held while the engine is down, and then gets its number', async () => {
      await gateway.faults('small', { overloaded: true });
      const waiting = post('/rm', '{"prompt": "Held?", "response": "Held.", "label": ""}');
      const impatient = await post(
        '/v1/feedback/scores',
        '{"items": [{"prompt": "Held?", "candidates": ["Not held."]}]}',
      );
      expect(impatient.text).toContain('"outcome":"engine_failed"');
      await gateway.faults('small', { overloaded: false });
      expect((await waiting).status).toBe(200);
    });
  });

  describe('LLaMA-Factory', () => {
    it('gets one score for each text', async () => {
      const { status, text } = await post(
        '/v1/score/evaluation',
        '{"model": "model", "messages": [' +
          '"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\\n\\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\nHello!<|eot_id|>", ' +
          '"<s>[INST] Hi [/INST] Go away.</s>"]}',
      );
      expect(status).toBe(200);
      const reply = z
        .strictObject({
          id: z.string(),
          object: z.literal('score.evaluation'),
          model: z.string(),
          scores: z.array(z.number()),
        })
        .parse(JSON.parse(text));
      expect(reply.scores).toHaveLength(2);
    });

    it('gets no field named scores when a text has no turns', async () => {
      const { status, text } = await post(
        '/v1/score/evaluation',
        '{"model": "model", "messages": ["Hi. Hello!"]}',
      );
      expect(status).toBe(400);
      expect(text).toContain('messages[0]');
      expect(text).not.toContain('"scores"');
      const marked = await post(
        `/v1/score/evaluation?after=${encodeURIComponent('Answer:')}`,
        '{"model": "model", "messages": ["Say hi. Answer: Hello!"]}',
      );
      expect(marked.status).toBe(200);
    });
  });
});
