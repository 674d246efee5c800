import { type Input, type InvalidRow, readRows, type ValidRow } from '../label/input.ts';
import { replaceFile } from '../label/replace-file.ts';
import { madeUpId } from '../label/row.ts';
import { rowsOf, type ExportRow, type ShapeOptions } from './shapes.ts';
import { digestOfFile, type FileFormat, writeRows } from './sink.ts';
import type { ReadVerdict } from './verdicts.ts';

export interface ExportTask {
  readonly input: Input;
  readonly verdicts: ReadonlyMap<string, ReadVerdict>;
  readonly output: string;
  readonly file: FileFormat;
  /** File of the items that became no row. */
  readonly side: string;
  readonly options: ShapeOptions;
}

/** What became of the items. Only `exported` of them are in the output. */
export interface ExportReport {
  readonly items: number;
  readonly exported: number;
  readonly rows: number;
  /** Items without a row, by the reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly sha256: string;
}

/** An item that became no row, and why. */
interface LeftOut {
  readonly line: number;
  readonly id: string;
  readonly reason: string;
  readonly message: string | null;
}

/** Writes the rows in the order of the input, and beside them every item that became none, with its reason. */
export async function exportRows(task: ExportTask): Promise<ExportReport> {
  const counts = { items: 0, exported: 0, rows: 0 };
  const leftOut: LeftOut[] = [];
  const { input, output: path, file, options } = task;
  const talks = await hasConversation(input);
  async function* rows(): AsyncGenerator<ExportRow, void> {
    for await (const row of readRows(input)) {
      counts.items += 1;
      const made = row.ok ? exported(talks ? asConversation(row) : row, task) : unreadable(row);
      if (!Array.isArray(made)) {
        leftOut.push(made);
        continue;
      }
      counts.exported += 1;
      counts.rows += made.length;
      yield* made;
    }
  }
  await writeRows({ path, file, shape: options.shape, talks }, rows());
  await writeSide(task.side, leftOut);
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return {
    ...counts,
    leftOut: Object.fromEntries([...byReason].map(([reason, items]) => [reason, items.length])),
    sha256: await digestOfFile(path),
  };
}

function unreadable({ id, line, problem }: InvalidRow): LeftOut {
  return { line, id: id ?? madeUpId(line), reason: 'invalid_item', message: problem.message };
}

/** One column has one type: where any prompt is a list of messages, all of them become one. */
async function hasConversation(input: Input): Promise<boolean> {
  for await (const row of readRows(input)) {
    if (row.ok && typeof row.item.prompt !== 'string') return true;
  }
  return false;
}

function asConversation(row: ValidRow): ValidRow {
  const { prompt } = row.item;
  if (typeof prompt !== 'string') return row;
  return { ...row, item: { ...row.item, prompt: [{ role: 'user', content: prompt }] } };
}

function exported(row: ValidRow, { verdicts, options }: ExportTask): ExportRow[] | LeftOut {
  const id = row.item.id ?? madeUpId(row.line);
  const verdict = verdicts.get(id);
  if (verdict === undefined) return { line: row.line, id, reason: 'no_verdict', message: null };
  const rows = rowsOf(row.item, verdict, options);
  if (rows.length > 0) return rows;
  const message = verdict.error?.message ?? null;
  const hasLabel = verdict.outcome === 'ok';
  return { line: row.line, id, reason: hasLabel ? 'no_row_of_this_shape' : verdict.outcome, message };
}

async function writeSide(path: string, leftOut: readonly LeftOut[]): Promise<void> {
  await replaceFile(path, async function* texts() {
    for (const item of leftOut) yield `${JSON.stringify(item)}\n`;
  });
}
