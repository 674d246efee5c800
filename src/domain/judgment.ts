import type { PreferenceProbabilities } from './distribution.ts';
import type { Problem } from './errors.ts';
import type { OrderReading } from './preference.ts';
import type { Flag, TrailEntry } from './verdict.ts';

/** One judge's parsed answer for an item, averaged over the orders it was asked in. */
export interface Judgment {
  readonly probabilities: PreferenceProbabilities;
  /**
   * Largest of the three probabilities, at the worst case of what the engine left unsaid; in [0, 1].
   * Uncalibrated: a threshold on it ranks, it does not promise.
   */
  readonly confidence: number;
  /** |P(a) shown first - P(a) shown second| in [0, 1]; null when one order was asked. */
  readonly orderGap: number | null;
  /** Smallest label mass over the orders, in [0, 1]. */
  readonly labelMass: number;
  /** What each order said; the first is the one that would have been asked alone. */
  readonly readings: readonly OrderReading[];
  readonly flags: readonly Flag[];
}

/** What came of asking a judge; the trail tells the calls either way. */
export type JudgeReply =
  | { readonly ok: true; readonly judgment: Judgment; readonly trail: readonly TrailEntry[] }
  | { readonly ok: false; readonly problem: Problem; readonly trail: readonly TrailEntry[] };
