import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { chat, eventsOf, testCall, testReplica } from '../fakes/openai-replica.ts';
import {
  answerEvents,
  answerJson,
  chatChunk,
  startScriptedEngine,
  USAGE_CHUNK,
  writeEvents,
} from '../fakes/scripted-engine.ts';
import { routed, vllmRoutes } from '../fakes/scripted-vllm.ts';

interface RawEngine extends AsyncDisposable {
  readonly url: string;
  readonly sockets: Socket[];
}

/** A TCP server on loopback that may write anything. */
async function startRawEngine(onData: (socket: Socket, connection: number) => void): Promise<RawEngine> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => onData(socket, connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Resolves with the n-th connection (from 1) of a raw engine, when it is there. */
async function untilClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

const whole = (text: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

describe('an abort', () => {
  it('before anything was sent says so, and sends nothing', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    const call = testCall();
    call.cancel();
    expect(await replica.generate(chat('x'), call)).toEqual({
      ok: false,
      failure: { code: 'cancelled', message: 'the caller went away', sent: false, blamesReplica: false },
    });
    expect(engine.sockets.accepted).toBe(0);
  });

  it('while connecting destroys the half-made connection', async () => {
    const call = testCall();
    // A TLS client says hello and waits; this server never answers.
    await using engine = await startRawEngine(() => call.cancel());
    await using replica = testReplica(engine.url.replace('http:', 'https:'));
    expect(await replica.generate(chat('x'), call)).toMatchObject({
      ok: false,
      failure: { code: 'cancelled', sent: false },
    });
    await untilClosed(engine.sockets[0]!);
    expect(engine.sockets).toHaveLength(1);
  });

  it('while waiting for the head of the reply', async () => {
    const call = testCall();
    await using engine = await startScriptedEngine(() => call.expire());
    await using replica = testReplica(engine.url);
    expect(await replica.generate(chat('x'), call)).toEqual({
      ok: false,
      failure: {
        code: 'deadline_exceeded',
        message: 'no answer within 5 ms',
        sent: true,
        blamesReplica: false,
      },
    });
    await engine.until(() => engine.inFlight() === 0 && engine.sockets.open === 0);
  });

  it('before the first token', async () => {
    const call = testCall();
    await using engine = await startScriptedEngine((_, response) => writeEvents(response, []));
    await using replica = testReplica(engine.url);
    const generation = await replica.generate(chat('x'), call);
    const events = eventsOf(generation);
    call.cancel();
    expect(await events).toMatchObject([{ type: 'failure', failure: { code: 'cancelled', sent: true } }]);
    await engine.until(() => engine.inFlight() === 0 && engine.sockets.open === 0);
  });

  it('in the middle of the stream', async () => {
    const call = testCall();
    await using engine = await startScriptedEngine((_, response) =>
      writeEvents(response, [chatChunk('Hel')]),
    );
    await using replica = testReplica(engine.url);
    const generation = await replica.generate(chat('x'), call);
    if (!generation.ok) throw new Error('not accepted');
    const seen: string[] = [];
    for await (const event of generation.value) {
      seen.push(event.type);
      call.cancel();
    }
    expect(seen).toEqual(['chunk', 'failure']);
    await engine.until(() => engine.inFlight() === 0 && engine.sockets.open === 0);
  });

  it('while the consumer lags and the engine is held back', async () => {
    const call = testCall();
    let blocked = false;
    const text = 'x'.repeat(10_000);
    await using engine = await startScriptedEngine((_, response) => {
      writeEvents(response, []);
      const fill = (): void => {
        while (response.write(`data: ${JSON.stringify(chatChunk(text))}\n\n`));
        blocked = true;
      };
      response.on('drain', fill);
      fill();
    });
    await using replica = testReplica(engine.url, { limits: { replyBytes: 1_000_000_000 } });
    const generation = await replica.generate(chat('x'), call);
    if (!generation.ok) throw new Error('not accepted');
    await engine.until(() => blocked);
    call.cancel();
    await engine.until(() => engine.inFlight() === 0 && engine.sockets.open === 0);
    const events = await eventsOf(generation);
    expect(events.at(-1)).toMatchObject({ type: 'failure', failure: { code: 'cancelled' } });
  });

  it('of a label question', async () => {
    const call = testCall();
    let hangs = false;
    const routes = vllmRoutes();
    await using engine = await startScriptedEngine((request, response) => {
      if (hangs) call.cancel();
      else routed(routes)(request, response);
    });
    await using replica = testReplica(engine.url);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
    hangs = true;
    const asked = { labels: 'preference/label@1', messages: [{ role: 'user', content: 'x' }] };
    expect(await replica.distribution(asked, call)).toMatchObject({
      ok: false,
      failure: { code: 'cancelled' },
    });
    await engine.until(() => engine.inFlight() === 0);
  });

  it('while waiting for a free connection leaves the queue and disturbs nobody', async () => {
    const finish: (() => void)[] = [];
    await using engine = await startScriptedEngine((_, response) => {
      finish.push(() => answerEvents(response, [chatChunk('x', 'stop'), USAGE_CHUNK]));
    });
    await using replica = testReplica(engine.url, { limits: { connections: 1 } });
    const first = replica.generate(chat('first'), testCall());
    await engine.until(() => finish.length === 1);
    const call = testCall();
    const second = replica.generate(chat('second'), call);
    const third = replica.generate(chat('third'), testCall());
    call.cancel();
    expect(await second).toMatchObject({ ok: false, failure: { code: 'cancelled', sent: false } });
    finish[0]!();
    expect((await eventsOf(await first)).at(-1)?.type).toBe('end');
    await engine.until(() => finish.length === 2);
    finish[1]!();
    expect((await eventsOf(await third)).at(-1)?.type).toBe('end');
    const asked = engine.seen.map(({ body }) => JSON.stringify(body?.['messages']));
    expect(asked).toEqual([expect.stringContaining('first'), expect.stringContaining('third')]);
    expect(engine.sockets.accepted).toBe(1);
  });

  it('comes from a consumer that stops early, too', async () => {
    await using engine = await startScriptedEngine((_, response) =>
      writeEvents(response, [chatChunk('Hel')]),
    );
    await using replica = testReplica(engine.url);
    const generation = await replica.generate(chat('x'), testCall());
    if (!generation.ok) throw new Error('not accepted');
    for await (const event of generation.value) {
      expect(event.type).toBe('chunk');
      break;
    }
    await engine.until(() => engine.inFlight() === 0 && engine.sockets.open === 0);
  });
});

describe('a consumer that lags', () => {
  it('gets all events in order, while the engine is held back', async () => {
    const total = 2_000;
    const text = 'x'.repeat(4_000);
    let heldBack = false;
    await using engine = await startScriptedEngine((_, response) => {
      let sent = 0;
      writeEvents(response, []);
      const fill = (): void => {
        while (sent < total) {
          sent += 1;
          const finish = sent === total ? 'stop' : null;
          if (response.write(`data: ${JSON.stringify(chatChunk(text + sent, finish))}\n\n`)) continue;
          heldBack = true;
          return;
        }
        response.end('data: [DONE]\n\n');
      };
      response.on('drain', fill);
      fill();
    });
    await using replica = testReplica(engine.url, { limits: { replyBytes: 100_000_000 } });
    const generation = await replica.generate(chat('x'), testCall());
    await engine.until(() => heldBack);
    const events = await eventsOf(generation);
    expect(events).toHaveLength(total + 1);
    const numbers = events.flatMap((event) =>
      event.type === 'chunk' ? [/x(\d+)"/.exec(event.data)?.[1]] : [],
    );
    expect(numbers).toEqual(Array.from({ length: total }, (_, i) => String(i + 1)));
    expect(events.at(-1)?.type).toBe('end');
  });
});

describe('connections', () => {
  it('are reused, one request at a time', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    for (let i = 0; i < 5; i += 1) {
      expect((await eventsOf(await replica.generate(chat('x'), testCall()))).at(-1)?.type).toBe('end');
    }
    expect(engine.sockets.accepted).toBe(1);
  });

  it('are at most as many as allowed', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url, { limits: { connections: 3 } });
    const all = Array.from({ length: 20 }, async () =>
      eventsOf(await replica.generate(chat('x'), testCall())),
    );
    for (const events of await Promise.all(all)) expect(events.at(-1)?.type).toBe('end');
    expect(engine.sockets.accepted).toBe(3);
  });

  it('are closed with the replica, and calls under way end', async () => {
    await using engine = await startScriptedEngine((_, response) => writeEvents(response, [chatChunk('x')]));
    await using replica = testReplica(engine.url, { limits: { connections: 1 } });
    const running = await replica.generate(chat('x'), testCall());
    const waiting = replica.generate(chat('x'), testCall());
    await replica.close();
    expect((await eventsOf(running)).at(-1)).toMatchObject({ type: 'failure' });
    expect(await waiting).toMatchObject({ ok: false, failure: { code: 'engine_unavailable', sent: false } });
    await engine.until(() => engine.sockets.open === 0);
  });
});

describe('the keep-alive race', () => {
  it('is repeated once on a new connection when the old one was reset before it answered', async () => {
    let answered = 0;
    await using engine = await startRawEngine((socket) => {
      if (answered === 1) socket.resetAndDestroy();
      else socket.write(whole('{"ok":true}'));
      answered += 1;
    });
    await using replica = testReplica(engine.url);
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({ ok: true });
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({ ok: true });
    expect(engine.sockets).toHaveLength(2);
    expect(answered).toBe(3);
  });

  it('is not repeated twice', async () => {
    let answered = 0;
    await using engine = await startRawEngine((socket) => {
      if (answered > 0) socket.destroy();
      else socket.write(whole('{"ok":true}'));
      answered += 1;
    });
    await using replica = testReplica(engine.url);
    await replica.post('/v1/embeddings', {}, testCall());
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_error', sent: true, blamesReplica: true },
    });
    expect(answered).toBe(3);
  });

  it('is not what happens on a new connection', async () => {
    let answered = 0;
    await using engine = await startRawEngine((socket) => {
      answered += 1;
      socket.resetAndDestroy();
    });
    await using replica = testReplica(engine.url);
    expect(await replica.post('/v1/embeddings', {}, testCall())).toEqual({
      ok: false,
      failure: {
        code: 'engine_error',
        message: 'the connection to the engine broke before it answered',
        sent: true,
        blamesReplica: true,
      },
    });
    expect(answered).toBe(1);
  });

  it('is not what happens on the connection that follows a closed one', async () => {
    let answered = 0;
    await using engine = await startRawEngine((socket) => {
      answered += 1;
      if (answered > 1) socket.resetAndDestroy();
      else socket.end(whole('{"ok":true}').replace('\r\n', '\r\nconnection: close\r\n'));
    });
    await using replica = testReplica(engine.url, { limits: { connections: 1 } });
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({ ok: true });
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_error', sent: true },
    });
    expect(answered).toBe(2);
  });

  it('is not what happens after the first byte of an answer', async () => {
    let answered = 0;
    await using engine = await startRawEngine((socket) => {
      answered += 1;
      if (answered === 1) socket.write(whole('{"ok":true}'));
      else
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n', () => socket.resetAndDestroy());
    });
    await using replica = testReplica(engine.url);
    await replica.post('/v1/embeddings', {}, testCall());
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_error', blamesReplica: true },
    });
    expect(answered).toBe(2);
  });
});

describe('what an engine may do wrong on the wire', () => {
  it('refuses the connection', async () => {
    const engine = await startScriptedEngine(routed({}));
    await engine[Symbol.asyncDispose]();
    await using replica = testReplica(engine.url);
    const result = await replica.generate(chat('x'), testCall());
    expect(result).toEqual({
      ok: false,
      failure: {
        code: 'engine_unavailable',
        message: 'the engine cannot be reached: the connection was refused',
        sent: false,
        blamesReplica: true,
      },
    });
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`],
  ])('answers with %s', async (_, bytes) => {
    await using engine = await startRawEngine((socket) => socket.write(bytes));
    await using replica = testReplica(engine.url);
    expect(await replica.post('/v1/embeddings', {}, testCall())).toEqual({
      ok: false,
      failure: {
        code: 'engine_error',
        message: 'the engine did not answer in valid HTTP',
        sent: true,
        blamesReplica: true,
        alive: true,
      },
    });
  });

  it('answers with something that is no JSON', async () => {
    await using engine = await startRawEngine((socket) => socket.write(whole('<html></html>')));
    await using replica = testReplica(engine.url);
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_error', message: 'the engine answered with something that is no JSON object' },
    });
  });

  it.each([
    ['a body', (): string => `{"text":"${'x'.repeat(20_000)}"}`],
    ['an error body', (): string => `{"error":"${'x'.repeat(20_000)}"}`],
  ])('answers with %s over the limit', async (_, body) => {
    await using engine = await startRawEngine((socket) => socket.write(whole(body())));
    await using replica = testReplica(engine.url, { limits: { replyBytes: 10_000 } });
    expect(await replica.post('/v1/embeddings', {}, testCall())).toEqual({
      ok: false,
      failure: {
        code: 'engine_reply_too_large',
        message: "the engine's answer is longer than the limit of 10000 bytes",
        sent: true,
        blamesReplica: false,
      },
    });
    await untilClosed(engine.sockets[0]!);
  });

  it('streams over the limit', async () => {
    await using engine = await startScriptedEngine((_, response) =>
      writeEvents(response, [chatChunk('x'.repeat(5_000)), chatChunk('x'.repeat(6_000))]),
    );
    await using replica = testReplica(engine.url, { limits: { replyBytes: 10_000 } });
    const events = await eventsOf(await replica.generate(chat('x'), testCall()));
    expect(events.at(-1)).toMatchObject({
      type: 'failure',
      failure: { message: expect.stringContaining('10000') },
    });
    await engine.until(() => engine.inFlight() === 0);
  });

  it.each([
    ['with a reset', 'reset'],
    ['as if it were complete', 'end'],
  ])('cuts a stream %s', async (_, how) => {
    await using engine = await startScriptedEngine((_request, response) => {
      writeEvents(response, [chatChunk('Hel'), chatChunk('lo', 'stop')]);
      if (how === 'end') response.end();
      else response.socket?.resetAndDestroy();
    });
    await using replica = testReplica(engine.url);
    const generation = await replica.generate(chat('x'), testCall());
    const last = generation.ok
      ? (await eventsOf(generation)).at(-1)
      : { type: 'failure', failure: generation.failure };
    expect(last).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_error', sent: true, blamesReplica: true },
    });
  });

  it('writes an error event and its end marker', async () => {
    await using engine = await startScriptedEngine((_, response) =>
      answerEvents(response, [
        chatChunk('Hel'),
        { error: { message: 'EngineCore encountered an issue.', code: 500 } },
      ]),
    );
    await using replica = testReplica(engine.url);
    expect(await eventsOf(await replica.generate(chat('x'), testCall()))).toMatchObject([
      { type: 'chunk' },
      { type: 'failure', failure: { code: 'engine_error', blamesReplica: true } },
    ]);
  });

  it('answers 503 in the place of a stream', async () => {
    await using engine = await startScriptedEngine((_, response) =>
      answerJson(response, 503, { error: { message: 'The engine is currently busy.' } }),
    );
    await using replica = testReplica(engine.url);
    expect(await replica.generate(chat('x'), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'overloaded', sent: false, blamesReplica: false },
    });
  });
});

describe('a call that is too late', () => {
  it('is not sent', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    const late = { ...testCall(), deadline: 0 };
    expect(await replica.generate(chat('x'), late)).toMatchObject({
      ok: false,
      failure: { code: 'deadline_exceeded', sent: false },
    });
    expect(engine.sockets.accepted).toBe(0);
  });
});
