import type { LabelDistribution } from './distribution.ts';
import type { JudgeKey } from './judge-key.ts';
import { type Criterion, pointsOf, type Scale } from './rubric.ts';
import type { Flag } from './verdict.ts';

/**
 * The arithmetic of scores: the expectation over the distribution of score tokens, which beats its mode
 * (G-Eval, Liu et al. 2023, arXiv 2303.16634), rescaled to [0, 1] as in d-RLAIF (Lee et al. 2023,
 * arXiv 2309.00267). Pure functions.
 */
export interface CriterionScore {
  readonly criterion: string;
  readonly scale: Scale;
  /** Expected score in units of the scale. */
  readonly expected: number;
  /** The same on [0, 1]: 0 is the scale's least point. */
  readonly score: number;
  /** P(point), for the points in ascending order; sums to 1. */
  readonly probabilities: readonly number[];
  /** How concentrated they are, see `confidenceOfScore`. */
  readonly confidence: number;
  /** Probability on all score tokens together, in [0, 1]. */
  readonly labelMass: number;
  /** A score token was missing from the engine's list. */
  readonly censored: boolean;
}

/** A judge's scores for one response. */
export interface ScoreJudgment {
  readonly key: JudgeKey;
  /** Weighted mean over the criteria, in [0, 1]. */
  readonly score: number;
  /** The least confidence of a criterion, in [0, 1]: uncalibrated, it ranks. */
  readonly confidence: number;
  readonly criteria: readonly CriterionScore[];
  readonly flags: readonly Flag[];
}

/** Reads the labels of a scale, which are named by their points; the mass must be above 0. */
export function readScore(criterion: Criterion, distribution: LabelDistribution): CriterionScore {
  const { name, scale } = criterion;
  const points = pointsOf(scale);
  const labels = points.map((point) => distribution.labels[String(point)] ?? NOTHING);
  const total = labels.reduce((sum, label) => sum + label.probability, 0);
  const unseen = labels.reduce((sum, label) => sum + (label.atMost - label.probability), 0);
  const probabilities = labels.map((label) => label.probability / total);
  const expected = meanOf(points, probabilities);
  return {
    criterion: name,
    scale,
    expected,
    score: (expected - scale.min) / (scale.max - scale.min),
    probabilities,
    confidence: confidenceOfScore(scale, probabilities, unseen / (total + unseen)),
    labelMass: distribution.mass,
    censored: unseen > 0,
  };
}

const NOTHING = { probability: 0, atMost: 0 };

/**
 * 1 - sd / (half of the scale's length), in [0, 1]: 1 when all probability is on one point, 0 when it is
 * halved between the ends. `unseen` is the share that the engine did not tell of; it counts as lying at the
 * ends, divided so that the spread is as large as it can be: what is not known lowers the confidence.
 */
export function confidenceOfScore(scale: Scale, probabilities: readonly number[], unseen: number): number {
  const points = pointsOf(scale);
  const { min, max } = scale;
  // The variance is largest when the mean comes as near to the middle as the unseen share can bring it.
  const lowest = (1 - unseen) * meanOf(points, probabilities) + unseen * min;
  const atMax = Math.min(unseen, Math.max(0, ((min + max) / 2 - lowest) / (max - min)));
  const mean = lowest + atMax * (max - min);
  const told = points.reduce((sum, x, i) => sum + (probabilities[i] ?? 0) * (x - mean) ** 2, 0);
  const ends = atMax * (max - mean) ** 2 + (unseen - atMax) * (min - mean) ** 2;
  return Math.max(0, 1 - Math.sqrt((1 - unseen) * told + ends) / ((max - min) / 2));
}

function meanOf(points: readonly number[], probabilities: readonly number[]): number {
  return points.reduce((sum, point, index) => sum + point * (probabilities[index] ?? 0), 0);
}

/** The judgment that the scores of all criteria make; they are in the order of `criteria`. */
export function scoreJudgmentOf(
  criteria: readonly Criterion[],
  scores: readonly CriterionScore[],
  key: JudgeKey,
): ScoreJudgment {
  const weights = criteria.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    key,
    score: scores.reduce((sum, { score }, index) => sum + score * (weights[index] ?? 0), 0) / total,
    confidence: Math.min(...scores.map(({ confidence }) => confidence)),
    criteria: scores,
    flags: scores.some(({ censored }) => censored) ? ['censored_logprobs'] : [],
  };
}
