import { hash } from 'node:crypto';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';
import { startTestGateway } from '../../fakes/gateway.ts';
import { engineFailure, generatingEngine } from '../../fakes/generating-engine.ts';

const KEY = `assay_rollouts_${'k'.repeat(32)}`;
const TEXT = '<|im_start|>user\\nIs flour safe?<|im_end|>\\n<|im_start|>assistant\\nNo: it is raw.<|im_end|>';
const PAIR = '{"prompt": "Is flour safe?", "candidates": ["No: it is raw.", "Yes."]}';

/** What each tool sends to a URL that holds the team's key, and to no header. */
const SENT = [
  [
    '/get_reward?policy=scores',
    '{"query": ["Is flour safe? No."], "prompts": ["Is flour safe?"], "labels": [null]}',
  ],
  ['/rm?policy=scores', '{"prompt": "Is flour safe?", "response": "No.", "label": null}'],
  ['/v1/score/evaluation?policy=scores', `{"model": "model", "messages": ["${TEXT}"]}`],
  ['/classify', `{"model": "assay/scores", "input": "${TEXT}"}`],
  ['/v1/embeddings', `{"model": "assay/scores", "input": "${TEXT}"}`],
  [
    '/compare',
    '{"conversation_history": [{"role": "user", "content": "Hi"}], "response_objs": [{"output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}]}, {"output": [{"type": "message", "content": [{"type": "output_text", "text": "Go"}]}]}]}',
  ],
  ['/v1/feedback/preferences', `{"items": [${PAIR}]}`],
] as const;

describe('a token in the path', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { scorer: { engine: 'small', prompt: 'score/label' }, pairs: { engine: 'large' } },
      policies: { default: { tiers: ['pairs'] }, scores: { task: 'score', tiers: ['scorer'] } },
      teams: { rollouts: { keys: [{ id: 'rollouts', sha256: hash('sha256', KEY) }] } },
    });
  });
  afterAll(() => gateway.close());

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  it.each(SENT)('is the key of POST %s', async (path, body) => {
    const answer = await post(`/t/${KEY}${path}`, body);
    expect(await answer.text()).not.toContain('error":{');
    expect(answer.status).toBe(200);
  });

  it('serves the OpenAI SDK, which sends a header of its own beside it', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/t/${KEY}/v1`, apiKey: 'EMPTY', maxRetries: 0 });
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toContain('assay/default');
    const model = await client.models.retrieve('assay/default');
    expect(model.id).toBe('assay/default');
    const reply = await client.chat.completions.create({
      model: 'small',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(reply.choices).toHaveLength(1);
  });

  it.each(['/t/', '/t/x', `/t/${KEY}`, `/t/${KEY}/t/${KEY}/rm`])('is no path by itself: %s', async (path) => {
    const answer = await post(path, '{}');
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('there is no such path');
  });

  it('may be neither wrong nor empty, and is not a header that was sent', async () => {
    const [, [path, body]] = SENT;
    expect((await post(path, body)).status).toBe(401);
    const longer = await post(`/t/${KEY}x${path}`, body);
    expect(longer.status).toBe(401);
    expect(await longer.text()).not.toContain('kkkk');
    const authorization = `Bearer ${KEY}`;
    const empty = await post(`/t/${path}`, body, { authorization });
    expect(empty.status).toBe(401);
    const wrong = await post(`/t/assay_rollouts_${'x'.repeat(32)}${path}`, body, { authorization });
    expect(wrong.status).toBe(401);
  });
});

it('tells neither the log nor a trace nor an answer of the token in a path', async () => {
  const engine = generatingEngine('small', () => engineFailure('engine_error').failure);
  const routes: string[] = [];
  const tracing = {
    begin: (_headers: unknown, route: string) => {
      routes.push(route);
      return undefined;
    },
  };
  await using gateway = await startTestGateway([engine], { tracing });
  const chat = { model: 'small', messages: [{ role: 'user', content: 'Hi' }] };
  const answers = [
    await gateway.post('/t/key-all/v1/chat/completions?q=1', chat),
    await gateway.post('/t/key-wrong/v1/chat/completions', chat),
    await gateway.post('/t/key-all/v1/chat/completions', '{"model": '),
    await gateway.post('/t/key-all/v1/nothing', {}),
    await gateway.post('/t/key-all/v1/models', {}),
    await gateway.post('/t/key-all/%zz', {}),
  ];
  expect(answers.map(({ status }) => status)).toEqual([502, 401, 400, 404, 405, 404]);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  await expect
    .poll(() => gateway.lines.filter(({ message }) => message === 'request answered'))
    .toHaveLength(6);
  const told = JSON.stringify([texts, gateway.lines, routes, answers.map(({ headers }) => [...headers])]);
  expect(told).not.toContain('key-');
  expect(routes[0]).toBe('/v1/chat/completions');
});
