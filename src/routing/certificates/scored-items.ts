import type { CalibrationItem, ScoreModel, ScorePrior, Stage } from '../../contracts/certificate.ts';
import { scoreOf, type TrainingRow, trainModel } from '../confidence/score-model.ts';
import { stageSignalsOf, witnessesOf } from '../confidence/stage-signals.ts';
import type { ScoredItem } from './scan.ts';

/**
 * Log-odds by which every stage but the last must be above the threshold: going on costs another small call,
 * where the last stage's alternative is the reference itself.
 */
const EARLY_MARGIN = 0.5;

export function marginOf(stages: readonly Stage[], index: number): number {
  return index < stages.length - 1 ? EARLY_MARGIN : 0;
}

/** One model for each stage, of the items that may train. */
export function modelsOf(
  stages: readonly Stage[],
  training: readonly CalibrationItem[],
  prior?: ScorePrior,
): ScoreModel[] {
  return stages.map((_, index) => {
    const witnesses = witnessesOf(stages, index);
    const rows = training.flatMap((item): TrainingRow[] => {
      const signals = stageSignalsOf(item, index, witnesses);
      return signals === null ? [] : [{ signals, agrees: signals.label === item.reference }];
    });
    return trainModel(rows, witnesses.length, prior);
  });
}

/** Scores less margins, and what was wrong, of every item at every stage. */
export function scoreItems(
  items: readonly CalibrationItem[],
  stages: readonly Stage[],
  models: readonly ScoreModel[],
): ScoredItem[] {
  const plans = stages.map((_, index) => ({
    witnesses: witnessesOf(stages, index),
    margin: marginOf(stages, index),
  }));
  return items.map((item) => {
    const levels: number[] = [];
    const wrong: boolean[] = [];
    plans.forEach(({ witnesses, margin }, index) => {
      const signals = stageSignalsOf(item, index, witnesses);
      const model = models[index];
      levels.push(signals === null || model === undefined ? -Infinity : scoreOf(model, signals) - margin);
      wrong.push(signals !== null && signals.label !== item.reference);
    });
    return { levels, wrong };
  });
}
