import type { Label } from '../domain/verdict.ts';

/** What a person, or a judgment trusted as one, says about an item whose verdict was already given. */
export interface GoldLabel {
  readonly verdictId: string;
  readonly label: Label;
  /** Who said it, in the caller's own words; null when not told. */
  readonly annotator: string | null;
}

/** `unknown_verdict` also for a verdict of another team: it is not said to exist. */
export type GoldReceipt = 'recorded' | 'replaced' | 'unknown_verdict';

/** Takes in gold labels: they feed certificates against people and the estimate of agreement. */
export interface OutcomeLog {
  /** One receipt for each label, in their order; a second label for one verdict replaces the first. */
  record(team: string, labels: readonly GoldLabel[]): readonly GoldReceipt[];
}
