import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Random } from '../contracts/clock.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { renderEnvelope } from '../wire/envelope.ts';

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

const NOT_HTTP: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'this is not well-formed HTTP/1.1',
};

/** What Node's HTTP parser and timers refuse, by their error codes. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['HPE_HEADER_OVERFLOW', { status: 431, code: 'invalid_request', message: 'the headers are too large' }],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    { status: 413, code: 'request_too_large', message: 'chunk extensions are too large' },
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { status: 408, code: 'request_timeout', message: 'the request did not arrive in time' },
  ],
]);

/** Time that the client has to read the refusal, in milliseconds. */
const LINGER_MS = 2_000;

/** Answers what never became a request, in the same envelope as everything else. */
export function refuseRaw(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  deps: { clock: Clock; random: Random },
): void {
  // Each further chunk of a refused client is an error again. It is dropped: to close now would reset the
  // connection, and the client would lose the refusal.
  if (socket.writableEnded && error.code !== 'ECONNRESET') return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, message } = REFUSALS.get(error.code ?? '') ?? NOT_HTTP;
  const body = JSON.stringify(renderEnvelope({ code, message, param: null }));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
      'content-type: application/json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${deps.random.id('req_')}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
  deps.clock.after(LINGER_MS, () => socket.destroy());
}
