import type { JudgedItem, Opinion, Reference } from '../contracts/evaluation.ts';
import { labelOf } from '../domain/preference.ts';
import type { Label } from '../domain/verdict.ts';
import type { Grouped } from './intervals.ts';

/** What one labeller (a judge, a policy, a coin) made of one item. */
export interface Answer extends Grouped {
  /** Null where it released none. */
  readonly label: Label | null;
  /** In [0, 1]; null where it has none. */
  readonly confidence: number | null;
  /** In nano-dollars, or in prices of the last tier's judgment where no money is known; null when unknown. */
  readonly cost: number | null;
  readonly reference: Label | null;
  readonly gold: Label | null;
}

/** A labeller over all items, in their order. */
export interface Labelling {
  readonly name: string;
  readonly answers: readonly Answer[];
}

/** The label that agreement is measured against; null where it is not known. */
export function referenceOf(item: JudgedItem, reference: Reference): Label | null {
  if (reference.type === 'gold') return item.gold;
  return labelOfOpinion(item.opinions.get(reference.name));
}

export function labelOfOpinion(opinion: Opinion | undefined): Label | null {
  return opinion === undefined ? null : labelOf(opinion.judgment.probabilities);
}

/** The candidate with more characters; null when both are as long, or when there are no texts. */
export function longerOf({ item }: JudgedItem): Label | null {
  const [a, b] = item?.candidates ?? [];
  if (a === undefined || b === undefined || a.length === b.length) return null;
  return a.length > b.length ? 'a' : 'b';
}
