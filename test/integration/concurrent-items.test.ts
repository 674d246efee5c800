import { hash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';
import { startTestGateway } from '../fakes/gateway.ts';

const KEY = `assay_narrow_${'k'.repeat(32)}`;

/** A team, and a policy, that may have one item under way; the engine answers when the test lets it. */
describe('limits of items at once', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { scorer: { engine: 'small', prompt: 'score/label' }, pairs: { engine: 'small' } },
      policies: {
        default: { tiers: ['pairs'], cache: { ttlMs: 0 } },
        single: { tiers: ['pairs'], cache: { ttlMs: 0 }, limits: { concurrentItems: 1 } },
        scores: { task: 'score', tiers: ['scorer'], cache: { ttlMs: 0 } },
      },
      teams: {
        narrow: { keys: [{ id: 'narrow', sha256: hash('sha256', KEY) }], limits: { concurrentItems: 1 } },
        wide: {
          keys: [{ id: 'wide', sha256: hash('sha256', KEY.replace('narrow', 'wide')) }],
        },
      },
    });
  });
  afterEach(() => gateway.faults('small', { hang: false }));
  afterAll(() => gateway.close());

  const post = (path: string, body: unknown, init: RequestInit & { readonly ms?: number } = {}) =>
    fetch(`${gateway.url}/t/${KEY}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-assay-deadline-ms': String(init.ms ?? 20_000) },
      body: JSON.stringify(body),
      ...init,
    });
  const reward = (init?: RequestInit & { readonly ms?: number }) =>
    post('/rm?policy=scores', { prompt: 'Is it raw?', response: 'Yes.', label: null }, init);
  const chat = () =>
    post(
      '/v1/chat/completions',
      { model: 'small', messages: [{ role: 'user', content: 'Hi' }] },
      { ms: 400 },
    );
  const pair = (n: number) => ({ prompt: `Question ${n}`, candidates: [`yes ${n}`, `no ${n}`] });
  const untilFull = () => expect.poll(async () => (await chat()).status).toBe(429);

  it('hold trainers and refuse others with a time to come again', async () => {
    await gateway.faults('small', { hang: true });
    const first = reward();
    await untilFull();
    const second = reward();
    const refused = await chat();
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({
      error: {
        code: 'rate_limited',
        message: 'the team narrow has 1 items under way, as many as it may have at once',
      },
    });
    const verdicts = await post('/v1/feedback/preferences', { items: [pair(1)] });
    expect(verdicts.status).toBe(429);
    await gateway.faults('small', { hang: false });
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
    expect((await chat()).status).toBe(200);
  });

  it('end a wait at its deadline, with an error that trainers ask again for', async () => {
    await gateway.faults('small', { hang: true });
    const first = reward();
    await untilFull();
    expect((await reward({ ms: 50 })).status).toBe(503);
    await gateway.faults('small', { hang: false });
    expect((await first).status).toBe(200);
  });

  it('are free again when the client that filled them left', async () => {
    await gateway.faults('small', { hang: true });
    const leaving = new AbortController();
    const first = reward({ signal: leaving.signal });
    await untilFull();
    leaving.abort();
    await expect(first).rejects.toThrow('aborted');
    await gateway.faults('small', { hang: false });
    await expect.poll(async () => (await chat()).status).toBe(200);
  });

  it('take the items of one request one after the other', async () => {
    const items = Array.from({ length: 20 }, (_, n) => pair(n));
    const answer = await post('/v1/feedback/preferences', { items });
    expect(await answer.json()).toMatchObject({ summary: { items: 20, ok: 20 } });
  });

  it('of a policy hold for all who use it, and for nobody else', async () => {
    await gateway.faults('small', { hang: true });
    const ask = (policy: string, headers: Record<string, string>) =>
      fetch(`${gateway.url}/t/${KEY.replace('narrow', 'wide')}/v1/feedback/preferences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ policy, items: [pair(1)] }),
      });
    const first = ask('single', { 'x-assay-priority': 'trainer' });
    const quick = { 'x-assay-deadline-ms': '400' };
    await expect.poll(async () => (await ask('single', quick)).status).toBe(429);
    expect((await ask('default', quick)).status).toBe(200);
    await gateway.faults('small', { hang: false });
    expect((await first).status).toBe(200);
  });
});

it('count a job and a batch that are handed in as requests, and nothing else about them', async () => {
  const counted: string[] = [];
  const budgets = {
    request: (team: string) => void counted.push(team),
    states: async () => [],
  };
  await using gateway = await startTestGateway([], { budgets });
  await gateway.post('/v1/feedback/jobs', {});
  await gateway.post('/v1/batches', {});
  expect(counted).toEqual(['all', 'all']);
  await gateway.post('/v1/files', {});
  await gateway.post('/v1/feedback/jobs/job_1/cancel', {});
  await gateway.post('/v1/batches/batch_1/cancel', {});
  expect(counted).toHaveLength(2);
});
