import { mean, requireSameLength } from './moments.ts';

/**
 * How far stated probabilities are from what happened. Every function takes `probabilities` in [0, 1] and `outcomes`
 * of the same length (1 for what the probability speaks of, 0 for not) and gives NaN without rows.
 */

/** One bar of a reliability diagram. */
export interface ReliabilityBin {
  readonly count: number;
  /** Mean stated probability. */
  readonly stated: number;
  /** Share of outcomes that came true. */
  readonly observed: number;
}

/**
 * Bins of equal mass, in rising order of probability. Equal probabilities always share a bin, so there may be fewer
 * than `bins`, and the result does not depend on the order of the rows.
 */
export function reliabilityBins(
  probabilities: readonly number[],
  outcomes: readonly number[],
  bins = 10,
): ReliabilityBin[] {
  requireSameLength(probabilities, outcomes);
  const rows = probabilities
    .map((stated, i) => ({ stated, outcome: outcomes[i] ?? Number.NaN }))
    .toSorted((left, right) => left.stated - right.stated);
  const result: ReliabilityBin[] = [];
  let start = 0;
  for (let bin = 1; bin <= bins; bin += 1) {
    let end = Math.max(start, Math.round((bin * rows.length) / bins));
    while (end > start && end < rows.length && rows[end]?.stated === rows[end - 1]?.stated) end += 1;
    const members = rows.slice(start, end);
    start = end;
    if (members.length === 0) continue;
    result.push({
      count: members.length,
      stated: mean(members.map((row) => row.stated)),
      observed: mean(members.map((row) => row.outcome)),
    });
  }
  return result;
}

/** Expected calibration error over bins of equal mass: sum of |bin|/n * |observed - stated|, in [0, 1]. */
export function expectedCalibrationError(
  probabilities: readonly number[],
  outcomes: readonly number[],
  bins = 10,
): number {
  if (probabilities.length === 0) return Number.NaN;
  return reliabilityBins(probabilities, outcomes, bins).reduce(
    (sum, { count, stated, observed }) => sum + (count / probabilities.length) * Math.abs(observed - stated),
    0,
  );
}

/** Mean squared difference (Brier 1950), in [0, 1]. */
export function brierScore(probabilities: readonly number[], outcomes: readonly number[]): number {
  requireSameLength(probabilities, outcomes);
  return mean(probabilities.map((stated, i) => (stated - (outcomes[i] ?? Number.NaN)) ** 2));
}

/** Mean negative log-likelihood in nats; probabilities are kept 1e-15 away from 0 and 1. */
export function logLoss(probabilities: readonly number[], outcomes: readonly number[]): number {
  requireSameLength(probabilities, outcomes);
  return mean(
    probabilities.map((stated, i) => {
      const kept = Math.min(1 - 1e-15, Math.max(1e-15, stated));
      const outcome = outcomes[i] ?? Number.NaN;
      return -(outcome * Math.log(kept) + (1 - outcome) * Math.log1p(-kept));
    }),
  );
}
