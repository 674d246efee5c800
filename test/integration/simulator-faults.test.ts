import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSocket, readAll } from '../fakes/raw-http.ts';
import { dataOf, eventsOf, type Json, type SimulatorClient, startTestSimulator } from './simulator-client.ts';

let simulator: SimulatorClient;
beforeAll(async () => {
  simulator = await startTestSimulator({ clock: { interTokenMs: 1 } });
});
afterEach(() => simulator.faults({ reset: true }));
afterAll(() => simulator.close());

const messages = [{ role: 'user', content: 'hello' }];
const path = '/v1/chat/completions';
const ask = (fields: Json = {}) =>
  simulator.post(path, { messages, max_tokens: 4, temperature: 0, ...fields });
const DEAD = {
  error: {
    message: 'EngineCore encountered an issue. See stack trace (above) for the root cause.',
    type: 'InternalServerError',
    param: null,
    code: 500,
  },
};

describe('fault switches', () => {
  it('add up until they are reset, and refuse what they do not know', async () => {
    await simulator.faults({ nan: true });
    expect(await simulator.faults({ slowFirstTokenMs: 3 })).toMatchObject({ nan: true, slowFirstTokenMs: 3 });
    expect(await simulator.faults({ reset: true, dropUsage: true })).toMatchObject({
      nan: false,
      dropUsage: true,
    });
    for (const body of [{ nam: true }, { hang: 'yes' }, 'no json']) {
      const reply = await simulator.post('/simulator/faults', body);
      expect(reply.status).toBe(400);
      expect(reply.json['error']).toEqual(expect.any(String));
    }
    expect((await simulator.state())['faults']).toMatchObject({ dropUsage: true, hang: false });
  });

  it('hang: nothing is answered and the metrics stand still, while health is well', async () => {
    await simulator.faults({ hang: true });
    const before = (await simulator.get('/metrics')).text;
    const whole = ask();
    const stream = await simulator.open(path, { messages, max_tokens: 4, stream: true });
    expect(stream.status).toBe(200);
    const state = await simulator.until(({ in_flight: inFlight }) => inFlight === 2);
    expect(state['generation_tokens']).toBe((await simulator.state())['generation_tokens']);
    expect((await simulator.get('/health')).status).toBe(200);
    expect((await simulator.get('/load')).json).toEqual({ server_load: 2 });
    expect((await simulator.get('/metrics')).text).toBe(before);
    await simulator.faults({ hang: false });
    expect((await whole).status).toBe(200);
    expect(eventsOf(await stream.text()).length).toBeGreaterThan(1);
  });

  it('nan: a whole reply with log-probabilities is refused, a stream has nulls', async () => {
    await simulator.faults({ nan: true });
    const whole = await ask({ logprobs: true, top_logprobs: 2 });
    expect([whole.status, whole.json]).toEqual([
      400,
      {
        error: {
          message: 'Out of range float values are not JSON compliant',
          type: 'BadRequestError',
          param: null,
          code: 400,
        },
      },
    ]);
    const { text } = await ask({ stream: true, logprobs: true, top_logprobs: 2 });
    const [position] = eventsOf(text).flatMap((event): Json[] => event['choices'][0].logprobs?.content ?? []);
    expect(position).toMatchObject({ token: '<|begin_of_text|>', logprob: null });
    expect(position?.['top_logprobs'].map((entry: Json) => entry['token'])).toEqual([
      '<|begin_of_text|>',
      '<|end_of_text|>',
    ]);
  });

  it('nan: without log-probabilities nothing shows but an empty text, or a label as if nothing were', async () => {
    await simulator.faults({ nan: true });
    expect((await ask()).json['choices'][0].message.content).toBe('');
    const chosen = await ask({ structured_outputs: { choice: ['A', 'B'] } });
    expect(['A', 'B']).toContain(chosen.json['choices'][0].message.content);
  });

  it('cutStreamAfterEvents: the connection breaks, or the body ends without its marker', async () => {
    await simulator.faults({ cutStreamAfterEvents: 2 });
    const broken = await simulator.open(path, { messages, stream: true });
    await expect(broken.text()).rejects.toThrow('terminated');
    await simulator.faults({ cutStreamMode: 'end' });
    const ended = await simulator.open(path, { messages, stream: true });
    const data = dataOf(await ended.text());
    expect(data).toHaveLength(2);
    expect(data).not.toContain('[DONE]');
    expect(await simulator.until((state) => state['in_flight'] === 0)).toMatchObject({ running: 0 });
  });

  it('errorEventAfterEvents: an error under status 200, then the marker', async () => {
    await simulator.faults({ errorEventAfterEvents: 3 });
    const reply = await ask({ stream: true });
    expect(reply.status).toBe(200);
    const events = eventsOf(reply.text);
    expect(events).toHaveLength(4);
    expect(events[3]).toEqual(DEAD);
  });

  it('failNext: so many calls fail as said', async () => {
    await simulator.faults({ failNext: { count: 2, status: 429, body: { error: 'slow down' } } });
    expect([(await ask()).json, (await ask()).status, (await ask()).status]).toEqual([
      { error: 'slow down' },
      429,
      200,
    ]);
    await simulator.faults({ failNext: { count: 1, status: 500 } });
    expect((await ask()).json['error']).toMatchObject({ type: 'InternalServerError', code: 500 });
  });

  it('engineDead: calls in flight fail, then new ones and health', async () => {
    const endless = { messages, ignore_eos: true };
    const stream = await simulator.open(path, { ...endless, stream: true });
    const whole = simulator.post(path, endless);
    await simulator.until((state) => state['running'] === 2);
    await simulator.faults({ engineDead: true });
    expect(eventsOf(await stream.text()).at(-1)).toEqual(DEAD);
    const failed = await whole;
    expect([failed.status, failed.json]).toEqual([500, DEAD]);
    expect((await ask()).status).toBe(500);
    expect((await simulator.get('/health')).status).toBe(503);
    expect(await simulator.state()).toMatchObject({ running: 0, in_flight: 0 });
  });

  it('gone: every connection is reset but the one of the admin', async () => {
    const stream = await simulator.open(path, { messages, ignore_eos: true, stream: true });
    await simulator.faults({ gone: true });
    await expect(stream.text()).rejects.toThrow('terminated');
    await expect(simulator.get('/health')).rejects.toThrow('fetch failed');
    await simulator.faults({ reset: true });
    expect((await simulator.get('/health')).status).toBe(200);
  });

  it('shuttingDown: what runs may end, what comes is refused, health is well', async () => {
    const running = simulator.post(path, { messages, ignore_eos: true, max_tokens: 40 });
    await simulator.until((state) => state['running'] === 1);
    await simulator.faults({ shuttingDown: true });
    const refused = await ask();
    expect([refused.status, refused.json['error'].message]).toEqual([
      500,
      'cannot schedule new futures after shutdown',
    ]);
    expect((await simulator.get('/health')).status).toBe(200);
    expect((await running).json['usage'].completion_tokens).toBe(40);
  });

  it('overloaded: 503 of the queue bound, counted', async () => {
    await simulator.faults({ overloaded: true });
    const before = (await simulator.state())['rejected'] as number;
    const reply = await ask({ stream: true });
    expect([reply.status, reply.json['error'].type]).toEqual([503, 'Service Unavailable']);
    expect((await simulator.state())['rejected']).toBe(before + 1);
  });

  it('resetIdleConnections: kept connections break, busy ones do not', async () => {
    const idle = await openSocket(simulator.port);
    idle.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => idle.once('data', resolve));
    const busy = simulator.post(path, { messages, ignore_eos: true, max_tokens: 40 });
    await simulator.until((state) => state['running'] === 1);
    const broken = readAll(idle).catch((error: NodeJS.ErrnoException) => error.code);
    await simulator.faults({ resetIdleConnections: true });
    expect(await broken).toBe('ECONNRESET');
    expect((await busy).status).toBe(200);
  });

  it('slowFirstTokenMs: the first token takes longer', async () => {
    await simulator.faults({ slowFirstTokenMs: 60 });
    const from = performance.now();
    await ask({ max_tokens: 1 });
    expect(performance.now() - from).toBeGreaterThanOrEqual(59);
  });

  it('dropUsage: nothing is said of tokens', async () => {
    await simulator.faults({ dropUsage: true });
    expect((await ask()).json).not.toHaveProperty('usage');
    const { text } = await ask({ stream: true, stream_options: { include_usage: true } });
    expect(text).not.toContain('usage');
    expect(eventsOf(text).at(-1)?.['choices'][0].finish_reason).toBe('length');
  });

  it('garbageReply: answers are no JSON', async () => {
    await simulator.faults({ garbageReply: true });
    const whole = await ask();
    expect([whole.status, whole.text]).toEqual([200, '<!doctype html><title>not what you asked for</title>']);
    const [first = ''] = dataOf((await ask({ stream: true })).text);
    expect(() => JSON.parse(first) as unknown).toThrow(SyntaxError);
  });

  it('notReadyMs: everything is 503 for a while', async () => {
    await simulator.faults({ notReadyMs: 600_000 });
    for (const reply of [await ask(), await simulator.get('/health'), await simulator.get('/v1/models')]) {
      expect([reply.status, reply.json]).toEqual([
        503,
        { error: 'The model is currently scaling. Please try again later.' },
      ]);
    }
    await simulator.faults({ notReadyMs: 0 });
    expect((await ask()).status).toBe(200);
  });
});
