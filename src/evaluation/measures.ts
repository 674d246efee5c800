import type { Label } from '../domain/verdict.ts';
import type { Interval } from '../statistics/binomial.ts';
import { cohenKappa } from '../statistics/agreement.ts';
import { brierScore, expectedCalibrationError } from '../statistics/calibration-error.ts';
import { auroc } from '../statistics/ranking.ts';
import { areaUnderRiskCoverage } from '../statistics/selective.ts';
import type { Answer } from './answer.ts';
import { type Estimator, type Grouped, shareOf } from './intervals.ts';

/** A label beside the one that it should be. */
export interface LabelPair extends Grouped {
  readonly label: Label;
  readonly truth: Label;
}

/** Pairs of a labeller's labels with the reference's, or with gold; items without either are left out. */
export function pairsOf(answers: readonly Answer[], against: 'reference' | 'gold'): LabelPair[] {
  return answers.flatMap(({ group, label, ...answer }) => {
    const truth = answer[against];
    return label === null || truth === null ? [] : [{ group, label, truth }];
  });
}

export function agreementOf(pairs: readonly LabelPair[]): number {
  return shareOf(pairs, ({ label, truth }) => label === truth);
}

export function kappaOf(pairs: readonly LabelPair[]): number {
  return cohenKappa(
    pairs.map(({ label }) => label),
    pairs.map(({ truth }) => truth),
  ).estimate;
}

/** A confidence and whether its label was the reference's. */
export interface Stated extends Grouped {
  readonly confidence: number;
  readonly right: boolean;
}

export function statedOf(answers: readonly Answer[]): Stated[] {
  return answers.flatMap(({ group, label, confidence, reference }) =>
    label === null || confidence === null || reference === null
      ? []
      : [{ group, confidence, right: label === reference }],
  );
}

/** How much a confidence is worth; each null where it is undefined (one class only, no rows). */
export interface ConfidenceQuality {
  /** Expected calibration error, 10 bins of equal mass. */
  readonly ece: Interval | null;
  readonly brier: Interval | null;
  /** P(a right label's confidence is above a wrong one's). */
  readonly auroc: Interval | null;
  /** Area under the curve of selective risk over coverage; lower is better. */
  readonly aurc: Interval | null;
}

export function confidenceQuality(stated: readonly Stated[], estimate: Estimator): ConfidenceQuality {
  const confidences = (rows: readonly Stated[]): number[] => rows.map((row) => row.confidence);
  const outcomes = (rows: readonly Stated[]): number[] => rows.map((row) => (row.right ? 1 : 0));
  const losses = (rows: readonly Stated[]): number[] => rows.map((row) => (row.right ? 0 : 1));
  return {
    ece: estimate(stated, (rows) => expectedCalibrationError(confidences(rows), outcomes(rows))),
    brier: estimate(stated, (rows) => brierScore(confidences(rows), outcomes(rows))),
    auroc: estimate(
      stated,
      (rows) =>
        auroc(
          confidences(rows),
          rows.map((row) => row.right),
        ).estimate,
    ),
    aurc: estimate(stated, (rows) => areaUnderRiskCoverage(confidences(rows), losses(rows))),
  };
}
