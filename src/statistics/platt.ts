import { fitLogistic, sigmoid } from './logistic.ts';

/** Platt's scaling: probability = sigmoid(slope * score + intercept). Plain data, may be stored. */
export interface PlattScaling {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Fits a sigmoid to scores (log-odds or margins, any scale) and whether each was right.
 *
 * The targets are Platt's (1999, section 2.2): (N+ + 1)/(N+ + 2) and 1/(N- + 2) in place of 1 and 0, so that the
 * result stays finite for scores that separate the two perfectly. Needs at least one row. The usual choice below
 * about 1,000 rows; isotonic regression above.
 */
export function fitPlatt(scores: readonly number[], outcomes: readonly boolean[]): PlattScaling {
  const positives = outcomes.filter(Boolean).length;
  const negatives = outcomes.length - positives;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  const { intercept, coefficients } = fitLogistic(
    scores.map((score) => [score]),
    outcomes.map((right) => (right ? high : low)),
    { l2: 0 },
  );
  return { slope: coefficients[0] ?? 0, intercept };
}

/** The calibrated probability of a score, in (0, 1). */
export function applyPlatt(scaling: PlattScaling, score: number): number {
  return sigmoid(scaling.slope * score + scaling.intercept);
}
