import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../src/contracts/engine.ts';
import { manualClock } from '../fakes/clock.ts';
import { startTestGateway } from '../fakes/gateway.ts';
import {
  abortCode,
  aborted,
  events,
  eventsUntilAborted,
  generatingEngine,
  type EngineCall,
} from '../fakes/generating-engine.ts';
import { openSocket, readAll, readUntil } from '../fakes/raw-http.ts';

const ASK = { model: 'assay/default', messages: [{ role: 'user', content: 'hi' }] };
const PATH = '/v1/chat/completions';
const CHUNK = { id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] };

function rawRequest(body: unknown): string {
  const text = JSON.stringify(body);
  return (
    `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-all\r\n` +
    `content-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`
  );
}

/** An engine that answers when told to, and says when it was asked. */
function heldEngine() {
  const asked = Promise.withResolvers<EngineCall>();
  const release = Promise.withResolvers<void>();
  async function* held() {
    await release.promise;
    yield* events([CHUNK]);
  }
  const engine = generatingEngine('small', (call) => {
    asked.resolve(call);
    return held();
  });
  return { engine, asked: asked.promise, release: release.resolve };
}

describe('draining', () => {
  it('turns readiness off and serves on', async () => {
    await using gateway = await startTestGateway([generatingEngine('small', () => events([CHUNK]))]);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    gateway.server.drain();
    const readiness = await fetch(`${gateway.url}/readyz`);
    expect([readiness.status, await readiness.json()]).toMatchObject([503, { status: 'draining' }]);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect((await gateway.post(PATH, ASK)).status).toBe(200);
  });
});

describe('looking away', () => {
  it('serves on while balancers look away, without keeping connections, and then closes', async () => {
    const clock = manualClock();
    const engine = generatingEngine('small', () => events([CHUNK]));
    await using gateway = await startTestGateway([engine], { clock, lookAwayMs: 4_000 });
    const kept = await fetch(`${gateway.url}/readyz`);
    expect([kept.status, kept.headers.get('connection')]).toEqual([200, 'keep-alive']);
    await kept.text();
    const closed = gateway.server.close();
    clock.advance(3_999);
    const readiness = await fetch(`${gateway.url}/readyz`);
    expect([readiness.status, readiness.headers.get('connection')]).toEqual([503, 'close']);
    await readiness.text();
    const answer = await gateway.post(PATH, ASK);
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await answer.text();
    clock.advance(1);
    await closed;
    await expect(openSocket(gateway.port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('closing', () => {
  it('lets what is in flight finish, takes nothing new, and ends the connections', async () => {
    const { engine, asked, release } = heldEngine();
    await using gateway = await startTestGateway([engine]);
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest(ASK));
    await asked;
    const closed = gateway.server.close();
    await expect(openSocket(gateway.port)).rejects.toThrow('ECONNREFUSED');
    release();
    const answer = await readAll(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer).toContain('"chat.completion"');
    await closed;
  });

  it('refuses what still comes over kept connections with 503 draining', async () => {
    const { engine, asked, release } = heldEngine();
    await using gateway = await startTestGateway([engine]);
    const first = await openSocket(gateway.port);
    first.write(rawRequest(ASK));
    await asked;
    const second = await openSocket(gateway.port);
    const half = rawRequest(ASK);
    second.write(half.slice(0, 30));
    await readiness(gateway.url);
    const closed = gateway.server.close();
    second.write(half.slice(30));
    const answer = await readAll(second);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(answer).toContain('"code":"draining"');
    release();
    await readAll(first);
    await closed;
  });

  it('ends streams that take too long with an error event, never silently', async () => {
    const clock = manualClock();
    const started = Promise.withResolvers<EngineCall>();
    const engine = generatingEngine('small', (asked) => {
      started.resolve(asked);
      return eventsUntilAborted([CHUNK], asked.call);
    });
    await using gateway = await startTestGateway([engine], { clock, drainMs: 5000 });
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest({ ...ASK, stream: true }));
    await readUntil(socket, /"content":"a"/);
    const closed = gateway.server.close();
    clock.advance(5000);
    const rest = await readAll(socket);
    expect(rest).toContain('"code":"draining"');
    expect(rest).not.toContain('[DONE]');
    const { call } = await started.promise;
    await aborted(call.signal);
    expect(abortCode(call)).toBe('cancelled');
    await closed;
  });

  it('answers what is not streamed and takes too long with 503 draining', async () => {
    const clock = manualClock();
    const started = Promise.withResolvers<EngineCall>();
    const engine = generatingEngine('small', (asked) => {
      started.resolve(asked);
      return eventsUntilAborted([], asked.call);
    });
    await using gateway = await startTestGateway([engine], { clock, drainMs: 5000 });
    const answer = gateway.post(PATH, ASK);
    await started.promise;
    const closed = gateway.server.close();
    clock.advance(5000);
    const response = await answer;
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'draining' } });
    await closed;
  });

  it('cuts what even ignores its cancellation', async () => {
    const clock = manualClock();
    const { engine, asked } = heldEngine();
    await using gateway = await startTestGateway([engine], { clock, drainMs: 5000 });
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest(ASK));
    const { call } = await asked;
    const closed = gateway.server.close();
    clock.advance(5000);
    await aborted(call.signal);
    clock.advance(1000);
    await closed;
    expect(await readAll(socket)).toBe('');
  });

  it('ends the stream of an engine that ignores its cancellation with an error event too', async () => {
    const clock = manualClock();
    async function* stuck(): AsyncGenerator<GenerationEvent> {
      yield { type: 'chunk', data: JSON.stringify(CHUNK), value: CHUNK };
      await new Promise(() => undefined);
    }
    await using gateway = await startTestGateway([generatingEngine('small', stuck)], {
      clock,
      drainMs: 5000,
    });
    const socket = await openSocket(gateway.port);
    socket.write(rawRequest({ ...ASK, stream: true }));
    await readUntil(socket, /"content":"a"/);
    const closed = gateway.server.close();
    clock.advance(5000);
    expect(await readAll(socket)).toContain('"code":"draining"');
    await closed;
  });

  it('may be asked for twice', async () => {
    await using gateway = await startTestGateway([]);
    await Promise.all([gateway.server.close(), gateway.server.close()]);
  });
});

/** A round trip: afterwards the gateway has read what other connections sent before. */
async function readiness(url: string): Promise<void> {
  await (await fetch(`${url}/readyz`)).text();
}
