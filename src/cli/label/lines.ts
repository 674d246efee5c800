import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';

/** Longest line that is read, in bytes: about 60,000 tokens, more than a pair of answers has. */
const LONGEST_LINE = 256 * 1024;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line of a text file, counted from 1, or why it cannot be read. */
export type Line =
  | { readonly number: number; readonly ok: true; readonly text: string }
  | { readonly number: number; readonly ok: false; readonly reason: string };

/**
 * Lines of a UTF-8 file that hold something, with a byte order mark taken off.
 * Holds one line and one chunk of the file in memory, however long the file or a line is.
 */
export async function* readLines(path: string): AsyncGenerator<Line, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const { number, bytes } of splitLines(path, LONGEST_LINE)) {
    if (bytes === null) {
      yield { number, ok: false, reason: `the line is longer than ${LONGEST_LINE / 1024} KiB` };
    } else if (!isBlank(bytes)) {
      yield decodeLine(decoder, number, withoutMark(number, bytes));
    }
  }
}

/** Counts lines, and those of them that `readLines` yields; quick, as nothing is decoded. */
export async function countLines(path: string): Promise<{ readonly lines: number; readonly rows: number }> {
  let lines = 0;
  let rows = 0;
  for await (const { number, bytes } of splitLines(path, LONGEST_LINE)) {
    lines = number;
    if (bytes === null || !isBlank(bytes)) rows += 1;
  }
  return { lines, rows };
}

export interface RawLine {
  readonly number: number;
  /** Place of its first byte in the file. */
  readonly offset: number;
  /** Without the line's end; null when it is longer than asked for. */
  readonly bytes: Buffer | null;
  /** False for a last line without a newline. */
  readonly ended: boolean;
}

/** All lines of a file as bytes; of a line longer than `longest` only its place. */
export async function* splitLines(path: string, longest: number): AsyncGenerator<RawLine, void> {
  const pending = new PendingLine(longest);
  for await (const piece of createReadStream(path)) {
    const chunk: Buffer = piece;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending.add(chunk.subarray(start, end));
      yield pending.take(true);
      start = end + 1;
    }
    pending.add(chunk.subarray(start));
  }
  if (pending.size > 0) yield pending.take(false);
}

/** The line that is being put together from chunks; forgets the bytes of one that grows too long. */
class PendingLine {
  size = 0;
  readonly #longest: number;
  #parts: Buffer[] = [];
  #number = 1;
  #offset = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  add(part: Buffer): void {
    if (part.length === 0) return;
    this.size += part.length;
    if (this.size > this.#longest) this.#parts = [];
    else this.#parts.push(part);
  }

  take(ended: boolean): RawLine {
    const bytes = this.size > this.#longest ? null : Buffer.concat(this.#parts);
    const line = { number: this.#number, offset: this.#offset, bytes, ended };
    this.#offset += this.size + 1;
    this.#number += 1;
    this.size = 0;
    this.#parts = [];
    return line;
  }
}

function decodeLine(decoder: TextDecoder, number: number, bytes: Buffer): Line {
  try {
    return { number, ok: true, text: decoder.decode(bytes) };
  } catch {
    return { number, ok: false, reason: 'the line is not valid UTF-8' };
  }
}

function withoutMark(number: number, bytes: Buffer): Buffer {
  return number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
}

/** Only spaces, tabs and carriage returns. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
