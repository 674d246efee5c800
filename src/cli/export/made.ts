import type { InvalidRow, ValidRow } from '../label/input.ts';
import { madeUpId } from '../label/row.ts';
import type { InputItem } from '../label/item.ts';
import type { ExportRow } from './shapes.ts';
import type { ReadVerdict, Scores } from './verdicts.ts';

/** An item that became no row, and why. */
export interface LeftOut {
  readonly line: number;
  readonly id: string;
  readonly reason: string;
  readonly message: string | null;
}

/** An item with its score. */
export interface Scored {
  readonly item: InputItem;
  readonly verdict: ReadVerdict;
  readonly scores: Scores;
}

/** What became of one item, or of the items of one group. */
export interface Made {
  /** Items that are in the rows. */
  readonly exported: number;
  readonly rows: readonly ExportRow[];
  readonly leftOut: readonly LeftOut[];
}

export function idOf({ item, line }: ValidRow): string {
  return item.id ?? madeUpId(line);
}

export function leftOut(row: ValidRow, reason: string, message: string | null = null): LeftOut {
  return { line: row.line, id: idOf(row), reason, message };
}

export function unreadable({ id, line, problem }: InvalidRow): LeftOut {
  return { line, id: id ?? madeUpId(line), reason: 'invalid_item', message: problem.message };
}

/** Why a verdict, or none, became no row. */
export function leftOutFor(row: ValidRow, verdict: ReadVerdict | undefined): LeftOut {
  if (verdict === undefined) return leftOut(row, 'no_verdict');
  const reason = verdict.outcome === 'ok' ? 'no_row_of_this_shape' : verdict.outcome;
  return leftOut(row, reason, verdict.error?.message ?? null);
}
