import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../fakes/clock.ts';
import { startTestGateway } from '../fakes/gateway.ts';
import {
  abortCode,
  aborted,
  brokenEvents,
  engineFailure,
  events,
  eventsUntilAborted,
  generatingEngine,
  type EngineCall,
} from '../fakes/generating-engine.ts';
import { openSocket, readAll, readUntil } from '../fakes/raw-http.ts';

const ASK = { model: 'assay/default', messages: [{ role: 'user', content: 'hi' }] };
const STREAM = { ...ASK, stream: true };
const PATH = '/v1/chat/completions';

function delta(content: string): Record<string, unknown> {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    model: 'own-name',
    choices: [{ index: 0, delta: { content } }],
  };
}
const USAGE_CHUNK = { id: 'c1', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 5 } };

function rawRequest(body: unknown): string {
  const text = JSON.stringify(body);
  return (
    `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-all\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

describe('a streamed generation', () => {
  it("has the engine's chunks as it wrote them, then [DONE]", async () => {
    const engine = generatingEngine('small', () => events([delta('a'), delta('b'), USAGE_CHUNK]));
    await using gateway = await startTestGateway([engine]);
    const response = await gateway.post(PATH, STREAM);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-assay-engine')).toBe('small');
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    expect(await response.text()).toBe(
      `data: ${JSON.stringify(delta('a'))}\n\ndata: ${JSON.stringify(delta('b'))}\n\ndata: [DONE]\n\n`,
    );
    expect(engine.asked[0]?.body).toEqual({ ...STREAM, model: 'small-model' });
  });

  it('has the usage chunk only for those who asked', async () => {
    await using gateway = await startTestGateway([generatingEngine('small', () => events([USAGE_CHUNK]))]);
    const asking = await gateway.post(PATH, { ...STREAM, stream_options: { include_usage: true } });
    expect(await asking.text()).toBe(`data: ${JSON.stringify(USAGE_CHUNK)}\n\ndata: [DONE]\n\n`);
    expect(await (await gateway.post(PATH, STREAM)).text()).toBe('data: [DONE]\n\n');
  });

  it('keeps events whole when an engine wrote them over several lines', async () => {
    async function* pretty() {
      yield { type: 'chunk' as const, data: '{\n"choices":[1]}', value: { choices: [1] } };
      yield { type: 'end' as const, usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 } };
    }
    await using gateway = await startTestGateway([generatingEngine('small', pretty)]);
    const text = await (await gateway.post(PATH, STREAM)).text();
    expect(text).toBe('data: {\ndata: "choices":[1]}\n\ndata: [DONE]\n\n');
  });

  it('that breaks ends with an error event and without [DONE]', async () => {
    const engine = generatingEngine('small', () => brokenEvents([delta('a')], 'engine_error'));
    await using gateway = await startTestGateway([engine]);
    const response = await gateway.post(PATH, STREAM, { 'x-request-id': 'broken-1' });
    expect(await response.text()).toBe(
      `data: ${JSON.stringify(delta('a'))}\n\n` +
        'data: {"error":{"message":"the engine said engine_error","type":"engine_error","param":null,"code":"engine_error"}}\n\n',
    );
    expect(await gateway.logged('broken-1')).toMatchObject({
      fields: { status: 200, error: 'engine_error' },
    });
  });

  it('whose events end without an end is a failure', async () => {
    async function* cut() {
      yield { type: 'chunk' as const, data: '{}', value: {} };
    }
    await using gateway = await startTestGateway([generatingEngine('small', cut)]);
    const text = await (await gateway.post(PATH, STREAM)).text();
    expect(text).toMatch(/^data: \{\}\n\ndata: \{"error":.*"code":"engine_error"\}\}\n\n$/);
    expect((await gateway.post(PATH, ASK)).status).toBe(502);
  });

  it('whose engine adapter throws ends with an error event, and the cause is logged', async () => {
    async function* defective() {
      yield { type: 'chunk' as const, data: '{}', value: {} };
      throw new Error('a defect');
    }
    await using gateway = await startTestGateway([generatingEngine('small', defective)]);
    const text = await (await gateway.post(PATH, STREAM)).text();
    expect(text).toMatch(/^data: \{\}\n\ndata: \{"error":.*"code":"internal"\}\}\n\n$/);
    expect(text).not.toContain('a defect');
    expect(gateway.lines.filter((line) => line.level === 'error')).toMatchObject([
      { message: 'request failed', fields: { err: { message: 'a defect' } } },
    ]);
  });

  it('that fails before its first chunk is an ordinary HTTP error', async () => {
    const engine = generatingEngine('small', () => brokenEvents([], 'engine_corrupt'));
    await using gateway = await startTestGateway([engine]);
    const response = await gateway.post(PATH, STREAM);
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({ error: { code: 'engine_corrupt' } });
  });

  it('fills silences with comments, before the first chunk and after', async () => {
    const clock = manualClock();
    const release = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    async function* slow() {
      asked.resolve();
      await release.promise;
      yield* events([delta('late')]);
    }
    const engine = generatingEngine('small', slow);
    await using gateway = await startTestGateway([engine], { clock, heartbeatMs: 1000 });
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest(STREAM));
    await asked.promise;
    clock.advance(1000);
    expect(await readUntil(socket, /keep-alive/)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*: keep-alive\n\n\r\n$/);
    clock.advance(1000);
    expect(await readUntil(socket, /keep-alive/)).toBe('e\r\n: keep-alive\n\n\r\n');
    release.resolve();
    const rest = await readUntil(socket, /\[DONE\]/);
    expect(rest).toContain('"late"');
    expect(rest).not.toContain('keep-alive');
    socket.destroy();
  });

  it('is cancelled at the engine when the client leaves', async () => {
    const started = Promise.withResolvers<EngineCall>();
    const engine = generatingEngine('small', (asked) => {
      started.resolve(asked);
      return eventsUntilAborted([delta('a')], asked.call);
    });
    await using gateway = await startTestGateway([engine]);
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest(STREAM));
    await readUntil(socket, /"a"/);
    socket.destroy();
    const { call } = await started.promise;
    await aborted(call.signal);
    expect(abortCode(call)).toBe('cancelled');
    expect(await gateway.logged(call.requestId)).toMatchObject({ fields: { status: 499, engine: 'small' } });
  });

  it('is cancelled at the engine when the client leaves before the first byte, streaming or not', async () => {
    const started: ((asked: EngineCall) => void)[] = [];
    const engine = generatingEngine('small', (asked) => {
      started.shift()?.(asked);
      return eventsUntilAborted([], asked.call);
    });
    await using gateway = await startTestGateway([engine]);
    for (const body of [STREAM, ASK]) {
      const asked = Promise.withResolvers<EngineCall>();
      started.push(asked.resolve);
      const socket = await openSocket(gateway.port);
      socket.write(rawRequest(body));
      const { call } = await asked.promise;
      socket.end();
      await aborted(call.signal);
      expect(abortCode(call)).toBe('cancelled');
    }
  });

  it('asks the engine for no more than a client that does not read can take', async () => {
    let pulled = 0;
    const chunk = delta('x'.repeat(4000));
    const data = JSON.stringify(chunk);
    const total = 20_000;
    const calls: EngineCall[] = [];
    async function* plenty() {
      for (; pulled < total; pulled += 1) yield { type: 'chunk' as const, data, value: chunk };
      yield { type: 'end' as const, usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 } };
    }
    const engine = generatingEngine('small', (asked) => {
      calls.push(asked);
      return plenty();
    });
    await using gateway = await startTestGateway([engine]);
    const socket = await openSocket(gateway.port);
    socket.pause();
    socket.write(rawRequest(STREAM));
    let quietTurns = 0;
    for (let before = -1; quietTurns < 200; before = pulled) {
      await nextTurn();
      quietTurns = pulled > 0 && pulled === before ? quietTurns + 1 : 0;
    }
    expect(pulled).toBeGreaterThan(10);
    expect(pulled).toBeLessThan(total / 2);
    socket.resume();
    let last = '';
    for await (const piece of socket) {
      last = (last + String(piece)).slice(-40);
      if (last.includes('[DONE]')) break;
    }
    expect(last).toContain('data: [DONE]');
    expect(pulled).toBe(total);
  });

  it('ends with deadline_exceeded when its time is over', async () => {
    const clock = manualClock();
    const engine = generatingEngine('small', ({ call }) => eventsUntilAborted([delta('a')], call));
    await using gateway = await startTestGateway([engine], { clock });
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest(STREAM));
    await readUntil(socket, /"a"/);
    clock.advance(30_000);
    const rest = await readUntil(socket, /"error"/);
    expect(rest).toContain('"code":"deadline_exceeded"');
    expect(rest).not.toContain('[DONE]');
    socket.destroy();
  });
});

describe('a generation in one piece', () => {
  it("is folded from the engine's chunks", async () => {
    const engine = generatingEngine('small', () => events([delta('Hel'), delta('lo'), USAGE_CHUNK]));
    await using gateway = await startTestGateway([engine]);
    const response = await gateway.post(PATH, ASK);
    expect(response.headers.get('x-assay-engine')).toBe('small');
    expect(await response.json()).toEqual({
      id: 'c1',
      object: 'chat.completion',
      model: 'own-name',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: null,
        },
      ],
      usage: { prompt_tokens: 5 },
    });
  });

  it('is a 504 when its time is over, sooner if the client says so', async () => {
    const clock = manualClock();
    const asked = Promise.withResolvers<void>();
    const engine = generatingEngine('small', ({ call }) => {
      asked.resolve();
      return eventsUntilAborted([], call);
    });
    await using gateway = await startTestGateway([engine], { clock });
    const answer = gateway.post(PATH, ASK, { 'x-assay-deadline-ms': '250' });
    await asked.promise;
    clock.advance(250);
    const response = await answer;
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({
      error: { code: 'deadline_exceeded', type: 'timeout_error' },
    });
  });

  it.each(['0', '-5', '1.5', 'soon', ''])('is refused with the deadline %j', async (deadline) => {
    await using gateway = await startTestGateway([generatingEngine('small', () => events([]))]);
    const response = await gateway.post(PATH, ASK, { 'x-assay-deadline-ms': deadline });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: 'x-assay-deadline-ms' } });
  });

  it('cannot have more time than its policy gives', async () => {
    const clock = manualClock();
    const engine = generatingEngine('small', () => events([]));
    await using gateway = await startTestGateway([engine], { clock });
    await gateway.post(PATH, ASK, { 'x-assay-deadline-ms': '999999999' });
    expect(engine.asked[0]?.call.deadline).toBe(30_000);
  });
});

describe('the engines of a policy', () => {
  it.each(['engine_unavailable', 'overloaded', 'engine_error'] as const)(
    'are tried in order when the one before did not get to work: %s',
    async (code) => {
      const first = generatingEngine('first', () => engineFailure(code).failure);
      const second = generatingEngine('second', () => events([delta('from the second')]));
      await using gateway = await startTestGateway([first, second]);
      const response = await gateway.post(PATH, ASK);
      expect(response.headers.get('x-assay-engine')).toBe('second');
      expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'from the second' } }] });
      expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
    },
  );

  it.each([
    ['engine_error', true, 502],
    ['engine_rejected', false, 400],
    ['context_overflow', false, 400],
    ['engine_corrupt', true, 502],
  ] as const)('stop at the first that may have worked: %s', async (code, sent, status) => {
    const first = generatingEngine('first', () => engineFailure(code, sent).failure);
    const second = generatingEngine('second', () => events([]));
    await using gateway = await startTestGateway([first, second]);
    const response = await gateway.post(PATH, ASK);
    expect([response.status, response.headers.get('x-assay-engine')]).toEqual([status, 'first']);
    expect(second.asked).toEqual([]);
  });

  it.each([
    [12_000, '12'],
    [90_000, '60'],
  ])('that have too much to do tell when to come again: after %s ms', async (retryAfterMs, seconds) => {
    const busy = { ...engineFailure('overloaded').failure, retryAfterMs };
    await using gateway = await startTestGateway([generatingEngine('busy', () => busy)]);
    const response = await gateway.post(PATH, ASK);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, seconds]);
  });

  it('that are all down are a 503 with Retry-After', async () => {
    const down = (id: string) => generatingEngine(id, () => engineFailure('engine_unavailable').failure);
    await using gateway = await startTestGateway([down('first'), down('second')]);
    const response = await gateway.post(PATH, STREAM);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({
      error: { code: 'engine_unavailable', type: 'engine_error' },
    });
  });
});

describe('an answer on a connection that is kept', () => {
  it('is followed by the next one, also after an error', async () => {
    await using gateway = await startTestGateway([generatingEngine('small', () => events([delta('x')]))]);
    const socket = await openSocket(gateway.port);
    const requests = [rawRequest({ ...ASK, n: 0 }), rawRequest(ASK), rawRequest(STREAM)];
    socket.write(requests.join(''));
    const text = await readUntil(socket, /\[DONE\]/);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '400',
      '200',
      '200',
    ]);
    socket.end();
    await readAll(socket);
  });
});
