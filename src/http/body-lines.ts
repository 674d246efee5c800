import { isUtf8 } from 'node:buffer';
import type { Clock } from '../contracts/clock.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import { type BodyType, checkBodyHeaders, dropRest, tooLarge } from './json-body.ts';

/** A line of a body, counted from 1: its text, or why it is none. Lines without content are left out. */
export type BodyLine =
  | { readonly line: number; readonly ok: true; readonly text: string }
  | { readonly line: number; readonly ok: false; readonly statement: string };

export interface LineRules {
  /** Longest line in bytes; of a longer one nothing is kept. */
  readonly longestLine: number;
  /** Bytes of the whole body. */
  readonly limitBytes: number;
  /** Silence after which the client is given up, in milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** Gets all bytes in order. */
  readonly digest: (bytes: Buffer) => void;
}

export const LINES_BODY: BodyType = {
  name: 'application/jsonl or application/x-ndjson',
  accepts: (type) =>
    /^application\/(jsonl|x-ndjson|x-jsonlines|jsonlines)\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type ?? ''),
};

const NEWLINE = 0x0a;

/**
 * Reads a body line by line as it comes, and no faster than it is taken: one line and one piece of the body
 * are held. Throws `unsupported_media_type`, `request_too_large`, `request_timeout`, or `cancelled` when the
 * client left.
 */
export async function* readBodyLines(exchange: Exchange, rules: LineRules): AsyncGenerator<BodyLine, void> {
  checkBodyHeaders(exchange, rules.limitBytes, LINES_BODY);
  let isComplete = false;
  try {
    yield* linesOf(bodyChunks(exchange, rules), rules.longestLine);
    isComplete = true;
  } finally {
    if (!isComplete) dropRest(exchange.request);
  }
}

/** The lines of any bytes; of one that is longer than `longestLine` bytes nothing is kept. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longestLine: number,
): AsyncGenerator<BodyLine, void> {
  const pending = new PendingLine(longestLine);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending.add(chunk.subarray(start, end));
      const line = pending.take();
      if (line !== null) yield line;
      start = end + 1;
    }
    pending.add(chunk.subarray(start));
  }
  const last = pending.take();
  if (last !== null) yield last;
}

/** The bytes of a body as they come; errors as in `readBodyLines`. */
export async function* bodyChunks(
  { request }: Exchange,
  { limitBytes, idleMs, clock, digest }: Omit<LineRules, 'longestLine'>,
): AsyncGenerator<Buffer, void> {
  const chunks = request.iterator({ destroyOnReturn: false });
  let size = 0;
  for (;;) {
    const next = await within(idleMs, clock, chunks.next());
    if (next.done === true) return;
    // Without an encoding, a request gives buffers.
    const chunk = next.value as Buffer;
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    digest(chunk);
    yield chunk;
  }
}

async function within<T>(ms: number, clock: Clock, work: Promise<T>): Promise<T> {
  let stopTimer = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    stopTimer = clock.after(ms, () =>
      reject(new GatewayError('request_timeout', `nothing of the body came for ${ms} ms`)),
    );
  });
  const gone = work.catch((error: unknown) => {
    throw new GatewayError('cancelled', 'the client left before its body was complete', { cause: error });
  });
  try {
    return await Promise.race([gone, late]);
  } finally {
    stopTimer();
    gone.catch(() => undefined);
  }
}

/** The line that is being put together from pieces; forgets the bytes of one that grows too long. */
class PendingLine {
  readonly #longest: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  #line = 1;

  constructor(longest: number) {
    this.#longest = longest;
  }

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#longest) this.#parts = [];
    else this.#parts.push(part);
  }

  /** Null for a line without content. */
  take(): BodyLine | null {
    const line = this.#line;
    const isTooLong = this.#size > this.#longest;
    const [only] = this.#parts;
    const bytes =
      this.#parts.length === 1 && only !== undefined ? asBuffer(only) : Buffer.concat(this.#parts);
    this.#line += 1;
    this.#size = 0;
    this.#parts = [];
    if (isTooLong) return { line, ok: false, statement: `must have at most ${this.#longest} bytes` };
    if (!isUtf8(bytes)) return { line, ok: false, statement: 'is not UTF-8' };
    const text = bytes.toString('utf8');
    const content = line === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
    return content.trim() === '' ? null : { line, ok: true, text: content };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
