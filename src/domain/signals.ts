import type { Item } from './item.ts';
import type { Judgment } from './judgment.ts';
import { labelOf } from './preference.ts';
import type { Label } from './verdict.ts';

/**
 * What one judge's answer says about itself, as numbers that can be kept: from them a score model tells
 * how likely the answer agrees with a stronger judge. Nothing here is rounded: rounded probabilities tie,
 * and ties cannot be told apart by a threshold.
 */
export interface JudgeSignals {
  /** Id of the judge's key (see judge-key.ts): numbers of two judges are never mixed. */
  readonly judge: string;
  /** Natural logs of P(a), P(b), P(tie) averaged over the orders asked, each in [-40, 0]. */
  readonly logProbabilities: Readonly<Record<Label, number>>;
  /** |P(a) shown first - P(a) shown second| in [0, 1]; null when one order was asked. */
  readonly orderGap: number | null;
  /** Smallest label mass over the orders in [0, 1]; null when the engine does not tell. */
  readonly labelMass: number | null;
}

/** Logs end here: e^-40 is far below what any engine resolves, and infinities do not add up. */
const LOWEST = -40;

/** Signals of a judgment given under the judge key `judge`. */
export function signalsOf(judgment: Judgment, judge: string): JudgeSignals {
  const { a, b, tie } = judgment.probabilities;
  return {
    judge,
    logProbabilities: { a: boundedLog(a), b: boundedLog(b), tie: boundedLog(tie) },
    orderGap: judgment.orderGap,
    labelMass: judgment.labelMass,
  };
}

function boundedLog(probability: number): number {
  return Math.max(LOWEST, Math.log(probability));
}

/** Label that the signals speak for; null when two are equally likely: then nothing was said. */
export function labelOfSignals({ logProbabilities: { a, b, tie } }: JudgeSignals): Label | null {
  return labelOf({ a: Math.exp(a), b: Math.exp(b), tie: Math.exp(tie) });
}

/** ln(length of a / length of b) in characters, each counted one longer so that empty texts have a length. */
export function lengthLogRatioOf(item: Pick<Item, 'candidates'>): number {
  const [a = '', b = ''] = item.candidates;
  return Math.log((a.length + 1) / (b.length + 1));
}
