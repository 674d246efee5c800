import { appendFileSync, existsSync, truncateSync } from 'node:fs';
import { usageError } from '../exit.ts';
import { type RawLine, splitLines } from './lines.ts';
import type { Place } from './places.ts';
import { isJudged, type OutputRow, parseRow, ROW_START } from './row.ts';

/** Longest row that is read back, in bytes; rows hold the metadata of a line but not its texts. */
const LONGEST_ROW = 4 * 1024 * 1024;

/**
 * The judged rows of an earlier run, by the digest of their item (some 200 bytes each). Failed rows
 * are left out: their items are asked again.
 */
export class EarlierRows {
  readonly #places = new Map<string, Place[]>();
  #left = 0;

  /** Judged rows that no input row has claimed. */
  get left(): number {
    return this.#left;
  }

  add(digest: string, place: Place): void {
    const places = this.#places.get(digest);
    if (places === undefined) this.#places.set(digest, [place]);
    else places.push(place);
    this.#left += 1;
  }

  /** Takes a row of this item out, so that a second item of the same content gets another one. */
  claim(digest: string): Place | null {
    const place = this.#places.get(digest)?.pop();
    if (place === undefined) return null;
    this.#left -= 1;
    return place;
  }
}

/**
 * Reads what an earlier run wrote to `path`, and mends its end: a last line torn by a crash is cut off.
 * Throws for a file that `assay label` did not write, and for rows judged under another policy or drawn otherwise.
 */
export async function readEarlierRows(
  path: string,
  policy: string | null,
  sample?: string,
): Promise<EarlierRows> {
  const rows = new EarlierRows();
  if (!existsSync(path)) return rows;
  for await (const line of splitLines(path, LONGEST_ROW)) {
    const row = line.bytes === null ? null : parseRow(line.bytes.toString('utf8'));
    if (row === null) {
      cutTornLine(path, line);
      break;
    }
    if (!line.ended) appendFileSync(path, '\n');
    if (!isJudged(row) || row.digest === null) continue;
    if (row.policy !== policy) throw otherPolicy(path, row, policy);
    if (row.sample !== sample) throw otherSample(path, row, sample);
    rows.add(row.digest, { offset: line.offset, length: line.bytes?.length ?? 0 });
  }
  return rows;
}

function otherSample(path: string, row: OutputRow, sample: string | undefined): Error {
  const text = (drawn: string | undefined): string =>
    drawn === undefined ? 'not drawn, all were asked' : `drawn by "${drawn}"`;
  return usageError(
    `${path}: its rows were ${text(row.sample)}; those of this run are ${text(sample)}. Name another output file, or begin anew with --restart`,
  );
}

function cutTornLine(path: string, { number, offset, bytes, ended }: RawLine): void {
  const text = bytes?.toString('utf8') ?? ROW_START;
  const isOurs = text.startsWith(ROW_START) || ROW_START.startsWith(text);
  if (ended || !isOurs) {
    throw usageError(
      `${path}:${number}: this is not a row that "assay label" wrote; name another output file, or move this one away with --restart`,
    );
  }
  truncateSync(path, offset);
}

function otherPolicy(path: string, row: OutputRow, policy: string | null) {
  const name = (value: string | null): string =>
    value === null ? "the gateway's default policy" : `policy ${value}`;
  return usageError(
    `${path}: line ${row.line} was judged with ${name(row.policy)}, this run uses ${name(policy)}; name another output file, or judge all of it again with --restart`,
  );
}
