import type { Interval } from '../../statistics/binomial.ts';
import { logit } from '../../statistics/logistic.ts';
import { applyPlatt, fitPlatt, type PlattScaling } from '../../statistics/platt.ts';
import { auroc } from '../../statistics/ranking.ts';
import { createRing } from './ring.ts';

/** A score given before the outcome was known, and the outcome. */
export interface Prediction {
  readonly score: number;
  readonly escalated: boolean;
}

/** The newest 1,000 predictions with their outcomes: how far the scores can be trusted, out of sample. */
export interface TrackRecord {
  add(prediction: Prediction): void;
  /** Fits ranking and calibration anew; takes a few milliseconds. */
  measure(): void;
  /** As of the last `measure`; null while there is none. */
  auroc(): Interval | null;
  /** The score as a calibrated probability; as it is until there are enough predictions. */
  calibrated(score: number): number;
  predictions(): Prediction[];
}

const MOST_PREDICTIONS = 1_000;
const LEAST_OUTCOMES = 100;
/** Of the rarer outcome: below it neither coefficients nor a ranking mean anything. */
const LEAST_OF_EACH = 10;

export function createTrackRecord(from: readonly Prediction[] = []): TrackRecord {
  const made = createRing<Prediction>(MOST_PREDICTIONS);
  for (const prediction of from) made.add(prediction);
  let calibration: PlattScaling | null = null;
  let ranking: Interval | null = null;
  const measure = (): void => {
    const predictions = made.values();
    const scores = predictions.map(({ score }) => logit(score));
    const outcomes = predictions.map(({ escalated }) => escalated);
    const { estimate, low, high } = auroc(scores, outcomes);
    ranking = Number.isNaN(estimate) ? null : { estimate, low, high };
    calibration = isEnough(outcomes) ? rising(fitPlatt(scores, outcomes)) : null;
  };
  measure();
  return {
    add: (prediction) => made.add(prediction),
    measure,
    auroc: () => ranking,
    calibrated: (score) => (calibration === null ? score : applyPlatt(calibration, logit(score))),
    predictions: () => made.values(),
  };
}

/** At least 100 outcomes, 10 of either kind. */
export function isEnough(outcomes: readonly boolean[]): boolean {
  const escalated = outcomes.filter(Boolean).length;
  const rarer = Math.min(escalated, outcomes.length - escalated);
  return outcomes.length >= LEAST_OUTCOMES && rarer >= LEAST_OF_EACH;
}

/** A score that ranked the wrong way round lately says nothing: it is flattened, never turned over. */
function rising({ slope, intercept }: PlattScaling): PlattScaling {
  return { slope: Math.max(0, slope), intercept };
}
