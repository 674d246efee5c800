import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The parsed JSON body; null when there was none. */
  readonly body: Record<string, unknown> | null;
}

export type Script = (request: SeenRequest, response: ServerResponse) => void;

export interface ScriptedEngine extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** All requests so far, in order. */
  readonly seen: SeenRequest[];
  /** Connections open now, and accepted since the start. */
  readonly sockets: { open: number; accepted: number };
  /** Requests that were read and whose response is not closed yet. */
  inFlight(): number;
  /** Resolves when `holds` is true; it is asked after each request, response and closed connection. */
  until(holds: () => boolean): Promise<void>;
}

/** An HTTP server on loopback that answers as `script` says, for the odd cases that no engine plays on demand. */
export async function startScriptedEngine(script: Script): Promise<ScriptedEngine> {
  const seen: SeenRequest[] = [];
  const live = new Set<Socket>();
  const sockets = { open: 0, accepted: 0 };
  const waiting = new Set<() => void>();
  let inFlight = 0;
  const tell = (): void => {
    for (const check of waiting) check();
  };
  const server = createServer((request, response) => {
    inFlight += 1;
    response.on('close', () => {
      inFlight -= 1;
      tell();
    });
    void readRequest(request).then(
      (read) => {
        seen.push(read);
        script(read, response);
        tell();
      },
      () => response.destroy(),
    );
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    live.add(socket);
    sockets.open += 1;
    sockets.accepted += 1;
    tell();
    socket.on('close', () => {
      live.delete(socket);
      sockets.open -= 1;
      tell();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    sockets,
    inFlight: () => inFlight,
    until: (holds) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!holds()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of live) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: text === '' ? null : JSON.parse(text),
  };
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Opens an event stream and writes these events; it stays open. */
export function writeEvents(response: ServerResponse, events: readonly unknown[]): void {
  if (!response.headersSent) {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.flushHeaders();
  }
  for (const event of events) {
    response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  }
}

/** A whole stream: these events and the end marker. */
export function answerEvents(response: ServerResponse, events: readonly unknown[]): void {
  writeEvents(response, [...events, '[DONE]']);
  response.end();
}

/** One chunk of a chat stream. */
export function chatChunk(content: string, finish: string | null = null, index = 0): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'judge',
    choices: [{ index, delta: { content }, logprobs: null, finish_reason: finish }],
  };
}

export const USAGE_CHUNK = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'judge',
  choices: [],
  usage: {
    prompt_tokens: 40,
    total_tokens: 43,
    completion_tokens: 3,
    prompt_tokens_details: { cached_tokens: 32, created_cache_tokens: 0 },
  },
  system_fingerprint: 'vllm-0.32.0-0badcafe',
};

/** The chunk that carries the log-probabilities of one sampled token and of the tokens listed. */
export function labelChunk(
  sampled: readonly [string, number | null],
  listed: readonly (readonly [string, number | null])[],
): Record<string, unknown> {
  const entry = ([token, logprob]: readonly [string, number | null]): Record<string, unknown> => ({
    token,
    logprob,
    bytes: [...Buffer.from(token)],
  });
  return {
    object: 'chat.completion.chunk',
    choices: [
      {
        index: 0,
        delta: { content: 'A' },
        logprobs: { content: [{ ...entry(sampled), top_logprobs: listed.map(entry) }] },
        finish_reason: 'length',
      },
    ],
  };
}
