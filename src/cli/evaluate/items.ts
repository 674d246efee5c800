import type { JudgedItem } from '../../contracts/evaluation.ts';
import type { Item } from '../../domain/item.ts';
import { usageError } from '../exit.ts';
import { canonicalJson, digestOf } from '../label/canonical.ts';
import { detectFormat, FORMATS, type Format, type InputRow, readRows } from '../label/input.ts';
import type { JsonRow } from '../label/item.ts';
import { parseJsonLine } from '../label/json-line.ts';
import { type Line, readLines, splitLines } from '../label/lines.ts';
import { madeUpId, parseRow } from '../label/row.ts';
import { readGold } from './gold.ts';
import { FileProblems } from './problems.ts';
import { isRecordedRow, readRecordedRow } from './recorded-row.ts';
import { readVerdict } from './verdict-row.ts';

/**
 * Reading what is to be evaluated: pairs that judges are still to see, or rows that were judged already.
 * Every problem of a file is told at once; nothing is evaluated on half a file without being asked to.
 */
export interface ItemsOptions {
  readonly path: string;
  readonly format: (typeof ITEM_FORMATS)[number];
  /** Rubric of the rows that name none. */
  readonly rubric: string | null;
  readonly limit: number;
  /** Leave bad rows out instead of refusing the file. */
  readonly skipBad: boolean;
}

export const ITEM_FORMATS = ['auto', ...FORMATS, 'recorded', 'verdicts'] as const;

export interface ReadItems {
  readonly items: readonly JudgedItem[];
  /** Format of pairs that have not been judged; null when the file brings its judgments along. */
  readonly pairs: Format | null;
  /** Rows that were left out, and why. */
  readonly skipped: FileProblems;
}

/** Reads the whole file. Throws a usage error that lists the bad rows, unless they are to be left out. */
export async function readItems(options: ItemsOptions): Promise<ReadItems> {
  const format = options.format === 'auto' ? await detect(options.path) : options.format;
  const collected = new ItemCollection(options.path);
  if (format === 'recorded') await readRecorded(options, collected);
  else if (format === 'verdicts') await readVerdicts(options, collected);
  else await readPairs(options, format, collected);
  const { items, problems } = collected;
  if (problems.count > 0 && !options.skipBad) throw usageError(problems.render());
  if (items.length === 0) throw usageError(`${options.path}: there are no usable rows in this file`);
  const pairs = format === 'recorded' || format === 'verdicts' ? null : format;
  return { items, pairs, skipped: problems };
}

/** Longest row of verdicts that is read back, in bytes. */
const LONGEST_ROW = 4 * 1024 * 1024;
const ROWS_TO_TRY = 100;

async function detect(path: string): Promise<Exclude<ItemsOptions['format'], 'auto'>> {
  let count = 0;
  for await (const { bytes } of splitLines(path, LONGEST_ROW)) {
    const row = bytes === null ? null : parseJsonLine(bytes.toString('utf8'));
    if (row?.ok === true) {
      if (isRecordedRow(row.value)) return 'recorded';
      if ('outcome' in row.value && 'trail' in row.value) return 'verdicts';
    }
    count += 1;
    if (count === ROWS_TO_TRY) break;
  }
  return detectFormat(path);
}

async function readPairs(
  { path, rubric, limit }: ItemsOptions,
  format: Format,
  into: ItemCollection,
): Promise<void> {
  for await (const row of readRows({ path, format, rubric, limit })) {
    if (!row.ok) into.problem(row.line, row.problem.message);
    else into.add(row.line, pairOf(row));
  }
}

function pairOf(row: InputRow & { readonly ok: true }): NewItem {
  const { id, prompt, candidates, metadata } = row.item;
  const item = { id: id ?? madeUpId(row.line), prompt, candidates, rubric: undefined, metadata };
  return { item, goldRow: row.chosen === null ? metadata : { gold: row.chosen }, ...NOT_JUDGED };
}

async function readRecorded({ path, limit }: ItemsOptions, into: ItemCollection): Promise<void> {
  for await (const line of readLines(path)) {
    if (into.rows >= limit) return;
    const row = rowOf(line);
    if (!row.ok) {
      into.problem(line.number, row.message);
      continue;
    }
    const read = readRecordedRow(row.value);
    if (!read.ok) {
      into.problem(line.number, read.problem.message);
      continue;
    }
    const item = { ...read.value.item, id: read.value.id ?? madeUpId(line.number) };
    into.add(line.number, { item, goldRow: row.value, opinions: read.value.opinions, verdict: null });
  }
}

async function readVerdicts({ path, limit }: ItemsOptions, into: ItemCollection): Promise<void> {
  for await (const { number, bytes } of splitLines(path, LONGEST_ROW)) {
    if (into.rows >= limit) return;
    const row = bytes === null ? null : parseRow(bytes.toString('utf8'));
    const read = row === null ? null : readVerdict(row);
    if (row === null || read === null) {
      into.problem(number, 'this is not a row that "assay label" wrote');
      continue;
    }
    const { metadata, chosen } = row;
    const columns = typeof metadata === 'object' && metadata !== null ? { ...metadata } : {};
    const goldRow = chosen === undefined ? columns : { gold: chosen };
    into.add(number, { item: null, id: row.item_id, goldRow, opinions: read.opinions, verdict: read.answer });
  }
}

function rowOf(
  line: Line,
): { readonly ok: true; readonly value: JsonRow } | { readonly ok: false; readonly message: string } {
  return line.ok ? parseJsonLine(line.text) : { ok: false, message: line.reason };
}

const NOT_JUDGED = { opinions: new Map(), verdict: null } as const;

/** A row that could be read, before it is known to be new. */
type NewItem = Pick<JudgedItem, 'opinions' | 'verdict'> & {
  /** Columns in which the gold label is looked for. */
  readonly goldRow: JsonRow;
} & ({ readonly item: Item } | { readonly item: null; readonly id: string });

/** The items of one file; a second one with the same id or the same pair is a problem. */
class ItemCollection {
  readonly items: JudgedItem[] = [];
  readonly problems: FileProblems;
  readonly #ids = new Map<string, number>();
  readonly #pairs = new Map<string, number>();

  constructor(path: string) {
    this.problems = new FileProblems(path);
  }

  get rows(): number {
    return this.items.length + this.problems.count;
  }

  problem(line: number, message: string): void {
    this.problems.add(line, message);
  }

  add(line: number, row: NewItem): void {
    const gold = readGold(row.goldRow);
    if (!gold.ok) return this.problem(line, gold.message);
    const id = row.item === null ? row.id : row.item.id;
    const sameId = this.#ids.get(id);
    if (sameId !== undefined) return this.problem(line, `repeats the id "${id}" of line ${sameId}`);
    const keys = row.item === null ? null : keysOf(row.item);
    const samePair = keys === null ? undefined : this.#pairs.get(keys.pair);
    if (samePair !== undefined) return this.problem(line, `repeats the pair of line ${samePair}`);
    this.#ids.set(id, line);
    if (keys !== null) this.#pairs.set(keys.pair, line);
    const { item, opinions, verdict } = row;
    this.items.push({ id, line, group: keys?.prompt ?? id, item, gold: gold.gold, opinions, verdict });
    return undefined;
  }
}

/** Digests of the prompt and of the whole pair; the same pair in another order is the same pair. */
function keysOf({ prompt, candidates }: Item): { readonly prompt: string; readonly pair: string } {
  const text = canonicalJson(prompt) ?? '';
  return { prompt: digestOf(text), pair: digestOf(JSON.stringify([text, ...candidates.toSorted()])) };
}
