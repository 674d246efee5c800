import type { ScoreModel, ScorePrior, SignalName } from '../../contracts/certificate.ts';
import { type LogisticCoefficients, fitLogistic } from '../../statistics/logistic.ts';
import type { StageSignals } from './stage-signals.ts';

/**
 * The combiner: from a stage's signals to the log-odds that its label is the reference's. A certificate holds
 * for any model, good or bad, that did not see its items; a better one only lets more items through.
 */

/** What training may weigh. Entropy is left out: with three labels it says the same as margin and tie mass. */
const TRAINED: readonly SignalName[] = [
  'margin',
  'order_gap',
  'tie_mass',
  'lost_mass',
  'length_gap',
  'chosen_longer',
];

/** Half of the stated log-odds: language models are about twice too sure (temperature scaling, Guo et al. 2017). */
const TRUST = 0.5;
/** Judges err on the same items, so a further one adds half of what an independent one would. */
const FURTHER_JUDGE = 0.5;
/** Very unlike lengths mislead judges in either direction; half a unit for each unit of |log ratio|. */
const LENGTH_GAP = -0.5;
/** Training pulls away from the built-in weights only as far as ten and more items agree on it. */
const PRIOR_ITEMS = 10;

/** The built-in weights for a stage with this many earlier judges; they cost no label. */
export function builtInModel(witnesses: number, prior: ScorePrior = 'usual'): ScoreModel {
  const each = (TRUST * (1 + FURTHER_JUDGE * witnesses)) / (1 + witnesses);
  return {
    intercept: 0,
    weights: prior === 'plain' ? { margin: each } : { margin: each, length_gap: LENGTH_GAP },
    support: Array.from({ length: witnesses }, () => each),
    trainedOn: 0,
  };
}

/** Log-odds of agreement. */
export function scoreOf(model: ScoreModel, signals: StageSignals): number {
  let score = model.intercept;
  for (const name of TRAINED) score += (model.weights[name] ?? 0) * signals.values[name];
  for (let i = 0; i < model.support.length; i += 1) {
    score += (model.support[i] ?? 0) * (signals.support[i] ?? 0);
  }
  return score;
}

export interface TrainingRow {
  readonly signals: StageSignals;
  readonly agrees: boolean;
}

/** Logistic regression that shrinks to the built-in weights; without rows it is those weights. */
export function trainModel(
  rows: readonly TrainingRow[],
  witnesses: number,
  from: ScorePrior = 'usual',
): ScoreModel {
  const builtIn = builtInModel(witnesses, from);
  if (rows.length === 0) return builtIn;
  const prior: LogisticCoefficients = {
    intercept: builtIn.intercept,
    coefficients: [...TRAINED.map((name) => builtIn.weights[name] ?? 0), ...builtIn.support],
  };
  const fitted = fitLogistic(
    rows.map(({ signals }) => [...TRAINED.map((name) => signals.values[name]), ...signals.support]),
    rows.map(({ agrees }) => (agrees ? 1 : 0)),
    { l2: PRIOR_ITEMS, prior },
  );
  return {
    intercept: fitted.intercept,
    weights: Object.fromEntries(TRAINED.map((name, j) => [name, fitted.coefficients[j] ?? 0])),
    support: fitted.coefficients.slice(TRAINED.length),
    trainedOn: rows.length,
  };
}
