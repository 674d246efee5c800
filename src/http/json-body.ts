import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import { exceedsDepth } from './json-depth.ts';
import { findJsonFault } from './json-fault.ts';

/** Deepest nesting of lists and objects that a body may have. */
export const DEPTH_LIMIT = 64;

/** Bytes of a refused body that are still read and dropped, so that the client gets to see the refusal. */
const LINGER_BYTES = 32 * 1024 * 1024;

/**
 * Reads a JSON body of at most `limitBytes`. Every refusal names its place and never quotes the body.
 * Throws `GatewayError`: `unsupported_media_type`, `request_too_large`, `invalid_request`, or `cancelled`
 * when the client left in the middle.
 */
export async function readJson(exchange: Exchange, limitBytes: number): Promise<unknown> {
  checkBodyHeaders(exchange, limitBytes, JSON_BODY);
  const bytes = await readBytes(exchange.request, limitBytes);
  return parseJson(textOf(bytes));
}

/** The same where a request may come without a body: then an empty object. */
export async function readJsonIfAny(exchange: Exchange, limitBytes: number): Promise<unknown> {
  const { headers } = exchange.request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody ? readJson(exchange, limitBytes) : {};
}

/** What a body may be. */
export interface BodyType {
  /** For the refusal, such as `application/json`. */
  readonly name: string;
  accepts(contentType: string | undefined): boolean;
}

const JSON_BODY: BodyType = { name: 'application/json', accepts: isJson };

/** Throws for a body that cannot be read, or is said to be larger than the limit; else asks for it. */
export function checkBodyHeaders({ request, response }: Exchange, limitBytes: number, type: BodyType): void {
  const { headers } = request;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    // Node's parser lets unknown codings pass, and nobody can tell where such a body ends.
    response.shouldKeepAlive = false;
    throw new GatewayError('invalid_request', 'transfer-encoding must be chunked', {
      param: 'transfer-encoding',
    });
  }
  if (!type.accepts(headers['content-type'])) {
    throw new GatewayError('unsupported_media_type', `content-type must be ${type.name} in UTF-8`, {
      param: 'content-type',
    });
  }
  const compression = headers['content-encoding'];
  if (compression !== undefined && compression.toLowerCase() !== 'identity') {
    throw new GatewayError('unsupported_media_type', 'content-encoding must be identity, or absent', {
      param: 'content-encoding',
    });
  }
  const expectsPermission = headers.expect?.toLowerCase() === '100-continue';
  if (Number(headers['content-length'] ?? 0) > limitBytes) {
    if (expectsPermission) response.shouldKeepAlive = false;
    else dropRest(request);
    throw tooLarge(limitBytes);
  }
  if (expectsPermission) response.writeContinue();
}

export function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType ?? '');
}

export function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('request_too_large', `the body must have at most ${limitBytes} bytes`);
}

/** Reads on without keeping anything: closing now would make the client lose the answer to a reset. */
export function dropRest(request: IncomingMessage): void {
  let left = LINGER_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.socket.destroy();
  });
}

function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let hasEnded = false;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      request.off('data', take);
      dropRest(request);
      reject(tooLarge(limitBytes));
    };
    // An error costs a stack trace: it is made only when the body is really incomplete.
    const leave = (): void => {
      if (!hasEnded) reject(new GatewayError('cancelled', 'the client left before its body was complete'));
    };
    request.on('data', take);
    request.once('end', () => {
      hasEnded = true;
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    request.once('error', leave);
    request.once('close', leave);
  });
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new GatewayError('invalid_request', `the body is not UTF-8: byte ${firstBadByte(bytes)} is wrong`);
  }
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return bytes.toString('utf8', start);
}

/** Decoding puts U+FFFD in place of what is wrong; encoded again, it differs from there on. */
function firstBadByte(bytes: Buffer): number {
  const repaired = Buffer.from(bytes.toString('utf8'));
  const at = repaired.findIndex((byte, index) => byte !== bytes[index]);
  return at === -1 ? bytes.length : at;
}

function parseJson(text: string): unknown {
  if (exceedsDepth(text, DEPTH_LIMIT)) {
    throw new GatewayError('invalid_request', `the body is nested deeper than ${DEPTH_LIMIT} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new GatewayError('invalid_request', notJson(text));
  }
}

function notJson(text: string): string {
  if (text.trim() === '') return 'the body is empty; send a JSON object';
  const fault = findJsonFault(text);
  if (fault === null) return 'the body is not JSON';
  if (fault.atEnd) return `the body is not JSON: it ends too early, in line ${fault.line}`;
  return `the body is not JSON: it goes wrong at line ${fault.line}, column ${fault.column}`;
}
