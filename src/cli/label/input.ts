import type { Order, Side } from '../../domain/item.ts';
import { usageError } from '../exit.ts';
import { readAssayRow } from './assay-format.ts';
import { canonicalJson, digestOf } from './canonical.ts';
import { isTranscript, readHhRow } from './hh-format.ts';
import type { InputItem, JsonRow, ReadRow, RowProblem, RowTask } from './item.ts';
import { parseJsonLine } from './json-line.ts';
import { type Line, readLines } from './lines.ts';
import { readTrlRow } from './trl-format.ts';

export { ROW_TASKS } from './item.ts';

export const FORMATS = ['assay', 'trl', 'hh'] as const;
export type Format = (typeof FORMATS)[number];

/** Which rows of which file are to be judged, and how they are read. */
export interface Input {
  readonly path: string;
  readonly format: Format;
  /** Rubric of the rows that name none; null for that of the policy. */
  readonly rubric: string | null;
  /** What the rows are judged for; absent is `preference`. Only the format `assay` knows the others. */
  readonly task?: RowTask;
  /** At most this many rows. */
  readonly limit: number;
}

/** A row of input, counted by its line from 1. */
export type InputRow = ValidRow | InvalidRow;

export interface ValidRow {
  readonly ok: true;
  readonly line: number;
  /** Of the whole item: what is asked, its id and its metadata. */
  readonly digest: string;
  readonly item: InputItem;
  /** The side that the input says is better; null when it does not say. */
  readonly chosen: Side | null;
  /**
   * Order in which the candidates are sent. Where the input always puts the better one first, a coin
   * tossed by the content decides, so that no judge can learn the place of the right answer.
   */
  readonly sent: Order;
  readonly task?: RowTask;
}

export interface InvalidRow {
  readonly ok: false;
  readonly line: number;
  readonly id: string | null;
  readonly problem: RowProblem;
  readonly task?: RowTask;
}

const READERS: Readonly<Record<Format, (row: JsonRow, task?: RowTask) => ReadRow>> = {
  assay: readAssayRow,
  trl: readTrlRow,
  hh: readHhRow,
};

/**
 * Reads the rows one by one; a row that cannot be read is a row too, and so is one whose id an earlier
 * row has. Only ids are remembered, so memory grows by some 100 bytes for each row that names one.
 */
export async function* readRows(input: Input): AsyncGenerator<InputRow, void> {
  const firstLines = new Map<string, number>();
  let count = 0;
  for await (const line of readLines(input.path)) {
    if (count >= input.limit) return;
    count += 1;
    yield withOwnId(toRow(line, input), firstLines);
  }
}

/** The row, or an invalid one when its id was used before. */
function withOwnId(row: InputRow, firstLines: Map<string, number>): InputRow {
  if (!row.ok || row.item.id === null) return row;
  const { id } = row.item;
  const first = firstLines.get(id);
  if (first === undefined) {
    firstLines.set(id, row.line);
    return row;
  }
  return {
    ok: false,
    line: row.line,
    id,
    problem: { message: `repeats the id of line ${first}`, param: 'id' },
  };
}

/** Rows that are looked at before `auto` gives up. */
const ROWS_TO_TRY = 1000;

/** Format of the first row that has one; throws when no row has. */
export async function detectFormat(path: string): Promise<Format> {
  let count = 0;
  for await (const line of readLines(path)) {
    const row = line.ok ? parseJsonLine(line.text) : null;
    const format = row?.ok === true ? formatOf(row.value) : null;
    if (format !== null) return format;
    count += 1;
    if (count === ROWS_TO_TRY) break;
  }
  if (count === 0) throw usageError(`${path}: there are no rows in this file`);
  throw usageError(
    `${path}: no row has "candidates" (format assay), "chosen" and "rejected" with a prompt (trl) or as transcripts (hh); say which it is with --format`,
  );
}

function formatOf(row: JsonRow): Format | null {
  if ('candidates' in row) return 'assay';
  const { chosen, rejected } = row;
  if (chosen === undefined || rejected === undefined) return null;
  const areTranscripts = typeof chosen === 'string' && typeof rejected === 'string' && isTranscript(chosen);
  return areTranscripts && row['prompt'] === undefined ? 'hh' : 'trl';
}

function toRow(line: Line, { format, rubric, task }: Input): InputRow {
  const invalid = (problem: RowProblem, id: string | null = null): InputRow => ({
    ok: false,
    line: line.number,
    id,
    problem,
    ...(task === undefined ? {} : { task }),
  });
  if (!line.ok) return invalid({ message: line.reason, param: null });
  const row = parseJsonLine(line.text);
  if (!row.ok) return invalid({ message: row.message, param: null });
  const read = READERS[format](row.value, task);
  if (!read.ok) return invalid(read.problem, idOf(row.value));
  const item = { ...read.item, rubric: read.item.rubric ?? rubric };
  const canonical = canonicalJson(item);
  if (canonical === null)
    return invalid({ message: 'the row is nested too deep', param: 'metadata' }, item.id);
  const digest = digestOf(canonical);
  const chosen = format === 'assay' ? null : 'a';
  const sent = chosen === null ? 'ab' : coin(digest);
  return {
    ok: true,
    line: line.number,
    digest,
    item,
    chosen,
    sent,
    ...(task === undefined ? {} : { task }),
  };
}

function coin(digest: string): Order {
  return Number.parseInt(digest.slice(0, 1), 16) % 2 === 0 ? 'ab' : 'ba';
}

function idOf(row: JsonRow): string | null {
  const { id } = row;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}
