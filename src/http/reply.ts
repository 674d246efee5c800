import type { ServerResponse } from 'node:http';
import { ERRORS, type GatewayError, type Problem } from '../domain/errors.ts';
import { renderEnvelope } from '../wire/envelope.ts';
import { type Exchange, queuedHeader } from './exchange.ts';

type Headers = readonly (readonly [name: string, value: string | number])[];

const NO_HEADERS: Headers = [];

/** Seconds to wait when nothing better is known; SDKs ignore values above 60. */
const DEFAULT_RETRY_AFTER = 1;

/** Answers with JSON that is already text. Does nothing when the client is gone or was answered. */
export function sendJsonText(exchange: Exchange, status: number, text: string, headers = NO_HEADERS): void {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) return;
  // A flat list: Node copies it to the wire without building a header table first.
  const head: (string | number)[] = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    Buffer.byteLength(text),
    'x-request-id',
    exchange.requestId,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...queuedHeader(exchange),
  ];
  for (const [name, value] of headers) head.push(name, value);
  response.writeHead(status, head);
  endResponse(response, text);
}

/** Milliseconds that a finished answer waits for a client that reads nothing of it. */
const SLOW_READER_MS = 10_000;

/** Writes the last bytes; a client that does not take them loses its connection instead of keeping ours. */
export function endResponse(response: ServerResponse, text: string): void {
  if (response.destroyed) return;
  response.end(text);
  if (response.writableLength > 0) response.setTimeout(SLOW_READER_MS, () => response.destroy());
}

export function sendJson(exchange: Exchange, status: number, body: unknown, headers = NO_HEADERS): void {
  sendJsonText(exchange, status, JSON.stringify(body), headers);
}

/** Answers with the envelope of one or more problems; the first decides the status. */
export function sendProblems(exchange: Exchange, problems: readonly Problem[], headers = NO_HEADERS): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const { status } = ERRORS[first.code];
  exchange.errorCode = first.code;
  sendJson(exchange, status, renderEnvelope(first, ...others), headers);
}

export function sendError(exchange: Exchange, error: GatewayError, headers = NO_HEADERS): void {
  const { status } = ERRORS[error.code];
  const isLater = status === 503 || status === 429;
  const wait = isLater ? (error.retryAfterSeconds ?? DEFAULT_RETRY_AFTER) : undefined;
  const retryAfter: Headers = wait === undefined ? [] : [['retry-after', Math.ceil(wait)]];
  const problem = { code: error.code, message: error.message, param: error.param };
  sendProblems(exchange, [problem], [...headers, ...retryAfter]);
}
