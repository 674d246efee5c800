import type { CritiqueJudgment } from './critique.ts';
import type { PreferenceProbabilities } from './distribution.ts';
import type { Problem } from './errors.ts';
import type { JudgeKey } from './judge-key.ts';
import {
  averageOrders,
  confidenceOf,
  isPositionInconsistent,
  type OrderReading,
  orderGapOf,
} from './preference.ts';
import type { ScoreJudgment } from './score.ts';
import type { Flag, TrailEntry } from './verdict.ts';

/** One judge's parsed answer for an item, averaged over the orders it was asked in. */
export interface Judgment {
  /** Who judged, down to the build of the engine: numbers of two keys are never mixed. */
  readonly key: JudgeKey;
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

/** Judgments of every kind, as cascades know them. */
export type AnyJudgment = Judgment | ScoreJudgment | CritiqueJudgment;

/** What came of asking a judge; the trail tells the calls either way. */
export type JudgeReply<J extends AnyJudgment = Judgment> =
  | { readonly ok: true; readonly judgment: J; readonly trail: readonly TrailEntry[] }
  | { readonly ok: false; readonly problem: Problem; readonly trail: readonly TrailEntry[] };

/** What the readings of one judge say together, under its key; at least one is needed. */
export function judgmentOf(readings: readonly OrderReading[], key: JudgeKey): Judgment {
  const probabilities = averageOrders(readings);
  return {
    key,
    probabilities,
    confidence: confidenceOf(probabilities, readings),
    orderGap: orderGapOf(readings),
    labelMass: Math.min(...readings.map((reading) => reading.mass)),
    readings,
    flags: flagsOf(readings),
  };
}

function flagsOf(readings: readonly OrderReading[]): Flag[] {
  const flags: Flag[] = [];
  if (readings.length === 1) flags.push('single_order');
  if (isPositionInconsistent(readings)) flags.push('position_inconsistent');
  if (readings.some((reading) => reading.censored)) flags.push('censored_logprobs');
  return flags;
}
