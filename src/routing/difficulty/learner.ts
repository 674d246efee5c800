import type { Interval } from '../../statistics/binomial.ts';
import { createNeighbourMemory } from '../../statistics/nearest-neighbours.ts';
import { type DifficultyFeatures, EMBEDDING_SIZE } from './features.ts';
import { createRing } from './ring.ts';
import { createTrackRecord, isEnough, type Prediction } from './track-record.ts';
import { type DifficultyWeights, scoreDifficulty, trainDifficulty, type TrainingRow } from './training.ts';

/**
 * Learns how likely the small judge is to be refused or to disagree with the reference, from what happened to
 * earlier items: L2 logistic regression on text features and on the mean outcome of the 20 most similar prompts.
 *
 * Every outcome is predicted before it is learned from. Those predictions give the AUROC that is reported and the
 * calibration, so both are out of sample. Text alone foretells little (AUROC .55 to .65 is usual): whoever uses the
 * estimate looks at `auroc.low` first.
 */
export interface DifficultyLearner {
  /** P(escalated) in (0, 1), calibrated; null until enough was learned. */
  estimate(features: DifficultyFeatures): number | null;
  /** Takes in what happened. `inclusion`: probability in (0, 1] with which the small judge was asked. */
  learn(features: DifficultyFeatures, escalated: boolean, inclusion?: number): void;
  report(): DifficultyReport;
  snapshot(): LearnerState;
}

export interface DifficultyReport {
  /** Outcomes seen, ever. */
  readonly outcomes: number;
  /** Over the newest 1,000 predictions made before their outcome was known; null while there are none. */
  readonly auroc: Interval | null;
}

/** A learner's memory as plain JSON; NaN stands as null. */
export interface LearnerState {
  readonly seen: number;
  readonly rows: readonly StoredRow[];
  readonly predictions: readonly Prediction[];
  readonly weights: DifficultyWeights | null;
}

interface StoredRow {
  readonly values: readonly (number | null)[];
  readonly embedding: readonly number[];
  readonly escalated: boolean;
  readonly weight: number;
}

interface MemoryRow extends TrainingRow {
  readonly embedding: Float32Array;
}

export interface LearnerOptions {
  /** Runs a piece of the training (a few milliseconds) when nobody waits, such as `clock.after(0, …)`. */
  readonly later: (work: () => void) => void;
}

const MOST_ROWS = 2_000;
/** Of the newest: bounds the time of one piece of a training. */
const MOST_TRAINED = 1_000;
const NEIGHBOURS = 20;
const LEAST_OUTCOMES = 100;
/** Trains again after each tenth more outcomes, at the latest after 500. */
const MOST_BETWEEN_TRAININGS = 500;
const MOST_WEIGHT = 20;

export function createDifficultyLearner({ later }: LearnerOptions, from?: LearnerState): DifficultyLearner {
  const rows = createRing<MemoryRow>(MOST_ROWS);
  const record = createTrackRecord(from?.predictions);
  const memory = createNeighbourMemory({
    dimensions: EMBEDDING_SIZE,
    capacity: MOST_ROWS,
    metric: 'cosine',
  });
  let weights = from?.weights ?? null;
  let seen = from?.seen ?? 0;
  let nextTraining = Math.max(LEAST_OUTCOMES, afterTraining(from?.weights === null ? 0 : seen));
  let isTraining = false;

  const remember = (row: MemoryRow): void => {
    rows.add(row);
    memory.add(row.embedding, row.escalated ? 1 : 0);
  };
  const completeValues = ({ values, embedding }: DifficultyFeatures): number[] => [
    ...values,
    memory.mean(embedding, NEIGHBOURS)?.mean ?? Number.NaN,
  ];
  const train = function* (): Generator<undefined, undefined> {
    const known = rows.values().slice(-MOST_TRAINED);
    if (isEnough(known.map(({ escalated }) => escalated))) weights = yield* trainDifficulty(known);
    yield;
    record.measure();
    isTraining = false;
    return undefined;
  };
  const goOn = (work: Generator<undefined, undefined>): void => {
    if (work.next().done !== true) later(() => goOn(work));
  };

  for (const row of from?.rows ?? []) remember(rowOf(row));

  return {
    estimate(features) {
      if (weights === null) return null;
      return record.calibrated(scoreDifficulty(weights, completeValues(features)));
    },
    learn(features, escalated, inclusion = 1) {
      const values = completeValues(features);
      if (weights !== null) record.add({ score: scoreDifficulty(weights, values), escalated });
      const weight = Math.min(MOST_WEIGHT, 1 / inclusion);
      remember({ values, embedding: features.embedding, escalated, weight });
      seen += 1;
      if (seen < nextTraining || isTraining) return;
      isTraining = true;
      nextTraining = afterTraining(seen);
      later(() => goOn(train()));
    },
    report: () => ({ outcomes: seen, auroc: record.auroc() }),
    snapshot() {
      // A restored learner measures all that it reads: so does this one, and both go on alike.
      record.measure();
      return { seen, rows: rows.values().map(storedOf), predictions: record.predictions(), weights };
    },
  };
}

function afterTraining(seen: number): number {
  return seen + Math.min(MOST_BETWEEN_TRAININGS, Math.max(20, Math.ceil(seen / 10)));
}

function storedOf({ values, embedding, escalated, weight }: MemoryRow): StoredRow {
  return {
    values: values.map((value) => (Number.isNaN(value) ? null : value)),
    embedding: [...embedding],
    escalated,
    weight,
  };
}

function rowOf({ values, embedding, escalated, weight }: StoredRow): MemoryRow {
  return {
    values: values.map((value) => value ?? Number.NaN),
    embedding: Float32Array.from(embedding),
    escalated,
    weight,
  };
}
