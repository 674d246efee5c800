import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contracts/call.ts';
import type { EngineFailure, Replica } from '../../src/contracts/engine.ts';
import { chat, testCall, testReplica } from '../fakes/openai-replica.ts';
import { startScriptedEngine, answerEvents, labelChunk, USAGE_CHUNK } from '../fakes/scripted-engine.ts';
import { PROBE, routed, vllmRoutes } from '../fakes/scripted-vllm.ts';

interface Trickle extends AsyncDisposable {
  readonly url: string;
  /** Resolves with the bytes that were written when the client has left. */
  readonly left: Promise<number>;
}

/** An engine whose replies to model calls are made by `write`, piece by piece, as long as the client listens. */
async function startEndless(
  head: Record<string, string>,
  piece: string,
  enough: (pieces: number) => void,
): Promise<Trickle> {
  let leave: (written: number) => void;
  const left = new Promise<number>((resolve) => (leave = resolve));
  const server: Server = createServer((_, response) => {
    response.writeHead(200, head);
    let pieces = 0;
    response.on('close', () => leave(pieces * piece.length));
    const next = (): void => {
      if (response.destroyed) return;
      pieces += 1;
      enough(pieces);
      if (response.write(piece)) setImmediate(next);
      else response.once('drain', next);
    };
    next();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    left,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The failures that a call ends with, be it before or after the head of its reply. */
async function failuresOf(replica: Replica, kind: 'post' | 'generate', call: Call): Promise<EngineFailure[]> {
  if (kind === 'post') {
    const reply = await replica.post('/v1/embeddings', {}, call);
    return reply.ok ? [] : [reply.failure];
  }
  const generation = await replica.generate(chat('x'), call);
  if (!generation.ok) return [generation.failure];
  const failures: EngineFailure[] = [];
  for await (const event of generation.value) if (event.type === 'failure') failures.push(event.failure);
  return failures;
}

const EVENTS = { 'content-type': 'text/event-stream' };
const JSON_HEAD = { 'content-type': 'application/json' };
const QUESTION = { labels: PROBE.id, messages: PROBE.context };

describe('a reply that comes byte by byte and never ends', () => {
  it.each([
    ['of a generation', EVENTS, 'generate'],
    ['of a JSON call', JSON_HEAD, 'post'],
  ] as const)('%s is left when the time is over', async (_, head, kind) => {
    const call = testCall();
    await using engine = await startEndless(head, 'x', (pieces) => {
      if (pieces === 50) call.expire();
    });
    await using replica = testReplica(engine.url);
    const failure = { code: 'deadline_exceeded', blamesReplica: false };
    expect(await failuresOf(replica, kind, call)).toMatchObject([failure]);
    expect(await engine.left).toBeGreaterThanOrEqual(50);
  });
});

describe('a reply of 50 MB', () => {
  it.each([
    ['as JSON', JSON_HEAD, 'post'],
    ['as one event', EVENTS, 'generate'],
  ] as const)('%s is stopped at the limit', async (_, head, kind) => {
    const megabyte = 'x'.repeat(1_000_000);
    let sent = 0;
    await using engine = await startEndless(head, megabyte, (pieces) => {
      sent = pieces;
      if (pieces > 50) throw new Error('nobody stopped it');
    });
    await using replica = testReplica(engine.url, { limits: { replyBytes: 5_000_000 } });
    const failure = {
      code: 'engine_reply_too_large',
      message: "the engine's answer is longer than the limit of 5000000 bytes",
      sent: true,
      blamesReplica: false,
    };
    expect(await failuresOf(replica, kind, testCall())).toEqual([failure]);
    await engine.left;
    expect(sent).toBeLessThanOrEqual(50);
  });
});

describe('a page of HTML with status 200', () => {
  const page = (_: unknown, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in</p>');
  };

  it('is no answer to anything', async () => {
    let isPage = false;
    const routes = vllmRoutes();
    const real = routed(routes);
    await using engine = await startScriptedEngine((request, response) =>
      isPage ? page(request, response) : real(request, response),
    );
    await using replica = testReplica(engine.url);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
    isPage = true;
    const failure = { code: 'engine_error', sent: true, blamesReplica: true, alive: true };
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({ ok: false, failure });
    expect(await failuresOf(replica, 'post', testCall())).toMatchObject([failure]);
    expect(await failuresOf(replica, 'generate', testCall())).toMatchObject([failure]);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: false });
  });
});

describe('a fingerprint that changes', () => {
  it('is in each reply as the engine told it', async () => {
    const told: string[] = ['old', 'old', 'old', 'new'];
    const entries = [
      ['token_id:65', -0.1],
      ['token_id:1065', -5],
      ['token_id:66', -6],
      ['token_id:1066', -7],
    ] as const;
    const chats = (_: unknown, response: ServerResponse): void => {
      const system_fingerprint = told.length > 1 ? told.shift() : told[0];
      answerEvents(response, [labelChunk(entries[0], entries), { ...USAGE_CHUNK, system_fingerprint }]);
    };
    const plain = routed(vllmRoutes());
    const labels = routed(vllmRoutes({ '/v1/chat/completions': chats }));
    await using engine = await startScriptedEngine((request, response) =>
      (request.body?.['logprob_token_ids'] === undefined ? plain : labels)(request, response),
    );
    await using replica = testReplica(engine.url);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true, value: { fingerprint: 'old' } });
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({ value: { fingerprint: 'old' } });
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({ value: { fingerprint: 'new' } });
  });
});
