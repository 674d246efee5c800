import { type Input, readRows, type ValidRow } from '../label/input.ts';
import { replaceFile } from '../label/replace-file.ts';
import { groupRows } from './group-rows.ts';
import { idOf, type LeftOut, leftOutFor, type Made, unreadable } from './made.ts';
import { type ExportRow, isGroupShape, type ItemShape, rowsOf, type ShapeOptions } from './shapes.ts';
import { digestOfFile, type FileFormat, writeRows } from './sink.ts';
import { criteriaOf } from './ultrafeedback.ts';
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

/** Writes the rows in the order of the input, and beside them every item that became none, with its reason. */
export async function exportRows(task: ExportTask): Promise<ExportReport> {
  const counts = { items: 0, exported: 0, rows: 0 };
  const leftOut: LeftOut[] = [];
  const { input, output: path, file, options } = task;
  const { shape } = options;
  const talks = !isGroupShape(shape) && (await hasConversation(input));
  const criteria = criteriaOf(task.verdicts.values());
  const all = isGroupShape(shape) ? groupRows(task, shape, criteria) : itemRows(task, shape, talks);
  async function* rows(): AsyncGenerator<ExportRow, void> {
    for await (const made of all) {
      counts.items += made.exported + made.leftOut.length;
      counts.exported += made.exported;
      counts.rows += made.rows.length;
      leftOut.push(...made.leftOut);
      yield* made.rows;
    }
  }
  await writeRows({ path, file, shape, talks, criteria }, rows());
  await writeSide(task.side, leftOut);
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return {
    ...counts,
    leftOut: Object.fromEntries([...byReason].map(([reason, items]) => [reason, items.length])),
    sha256: await digestOfFile(path),
  };
}

async function* itemRows(task: ExportTask, shape: ItemShape, talks: boolean): AsyncGenerator<Made, void> {
  for await (const row of readRows(task.input)) {
    if (row.ok) yield ofItem(talks ? asConversation(row) : row, task, shape);
    else yield { exported: 0, rows: [], leftOut: [unreadable(row)] };
  }
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

function ofItem(row: ValidRow, { verdicts, options }: ExportTask, shape: ItemShape): Made {
  const verdict = verdicts.get(idOf(row));
  const rows = verdict === undefined ? [] : rowsOf(row.item, verdict, { ...options, shape });
  if (rows.length > 0) return { exported: 1, rows, leftOut: [] };
  return { exported: 0, rows, leftOut: [leftOutFor(row, verdict)] };
}

async function writeSide(path: string, leftOut: readonly LeftOut[]): Promise<void> {
  await replaceFile(path, async function* texts() {
    for (const item of leftOut) yield `${JSON.stringify(item)}\n`;
  });
}
