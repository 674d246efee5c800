import { fitLogisticInSteps, type LogisticCoefficients, predictLogistic } from '../../statistics/logistic.ts';
import { mean } from '../../statistics/moments.ts';

/** One past item: its features (NaN where missing) with the neighbours' mean last, and what came of it. */
export interface TrainingRow {
  readonly values: readonly number[];
  /** Whether the small judge was refused or disagreed. */
  readonly escalated: boolean;
  /** 1 / probability that the item was put before the small judge at all; 1 where it always is. */
  readonly weight: number;
}

/** A trained score. Plain data. */
export interface DifficultyWeights extends LogisticCoefficients {
  /** Stand in for missing features. */
  readonly means: readonly number[];
  readonly rows: number;
}

/** On standardised features, so strong: a few hundred outcomes must not be believed too much. */
const L2 = 10;

/**
 * Trains in pieces of a few milliseconds (1,000 rows of 20 features: 1 to 3 ms each on an idle core), so that requests
 * go on between them.
 */
export function* trainDifficulty(rows: readonly TrainingRow[]): Generator<undefined, DifficultyWeights> {
  const means = (rows[0]?.values ?? []).map((_, feature) => meanOfKnown(rows, feature));
  const complete = rows.map((row) => completed(row.values, means));
  yield;
  const { intercept, coefficients } = yield* fitLogisticInSteps(
    complete,
    rows.map((row) => (row.escalated ? 1 : 0)),
    { l2: L2, weights: rows.map((row) => row.weight) },
  );
  return { intercept, coefficients, means, rows: rows.length };
}

/** P(escalated) in [0, 1], not yet calibrated. */
export function scoreDifficulty(weights: DifficultyWeights, values: readonly number[]): number {
  return predictLogistic(weights, completed(values, weights.means));
}

function meanOfKnown(rows: readonly TrainingRow[], feature: number): number {
  const known = rows.map((row) => row.values[feature] ?? Number.NaN).filter((value) => !Number.isNaN(value));
  return known.length === 0 ? 0 : mean(known);
}

function completed(values: readonly number[], means: readonly number[]): number[] {
  return values.map((value, feature) => (Number.isNaN(value) ? (means[feature] ?? 0) : value));
}
