import type { Opinion } from '../contracts/evaluation.ts';
import type { Label } from '../domain/verdict.ts';
import type { Grouped } from './intervals.ts';

/** One item that both judges judged. `none` is a judgment whose two orders cancelled each other out. */
export interface ComparedItem extends Grouped {
  readonly one: Opinion;
  readonly other: Opinion;
  readonly oneLabel: Label | 'none';
  readonly otherLabel: Label | 'none';
  readonly gold: Label | null;
}
