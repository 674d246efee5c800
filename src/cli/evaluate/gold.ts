import type { Label } from '../../domain/verdict.ts';
import type { JsonRow } from '../label/item.ts';

/** Columns that may hold the gold label, the first that is there counts. */
const COLUMNS = ['gold', 'human', 'label'] as const;

export type ReadGold =
  | { readonly ok: true; readonly gold: Label | null }
  | { readonly ok: false; readonly message: string };

/**
 * The gold label of a row: `a`, `b` or `tie`; null where nobody gave one. A column called `label` is
 * often something else, so it only counts when it holds one of the three.
 */
export function readGold(row: JsonRow): ReadGold {
  for (const column of COLUMNS) {
    const value = row[column];
    if (value === undefined || value === null) continue;
    if (isLabel(value)) return { ok: true, gold: value };
    if (column !== 'label') {
      return {
        ok: false,
        message: `${column}: must be "a", "b", "tie" or null, found ${JSON.stringify(value)}`,
      };
    }
  }
  return { ok: true, gold: null };
}

function isLabel(value: unknown): value is Label {
  return value === 'a' || value === 'b' || value === 'tie';
}
