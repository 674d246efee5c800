import { hash } from 'node:crypto';
import { type Criterion, type Rubric, USUAL_SCALE } from '../../domain/rubric.ts';
import type { CriterionScore } from '../../domain/score.ts';
import type { LabelModelGrader } from './grader.ts';

/**
 * A label grader asks a judge of scores: each label is a point of the usual scale, so that the probabilities of
 * the points are those of the labels. Labels that fail stand at its low end and those that pass at its high
 * end: a judge that wavers between both is not sure, one that wavers between two that pass is.
 */
export function labelRubric(grader: LabelModelGrader, instructions: string): Rubric {
  const points = pointsOfLabels(grader);
  const criterion: Criterion = {
    name: 'label',
    text: `${instructions}\n\nThe score is a name for one of these labels; no other score is allowed.`,
    scale: USUAL_SCALE,
    anchors: [...points].map(([label, score]) => ({ score, text: label })),
    weight: 1,
  };
  const text = JSON.stringify([criterion.text, [...points]]);
  return { id: `label@${hash('sha256', text)}`, text, criteria: [criterion] };
}

function pointsOfLabels({ labels, passing_labels: passing }: LabelModelGrader): Map<string, number> {
  const passes = new Set(passing);
  const { min, max } = USUAL_SCALE;
  const good = labels.filter((label) => passes.has(label));
  const bad = labels.filter((label) => !passes.has(label));
  return new Map([
    ...bad.map((label, index): [string, number] => [label, min + index]),
    ...good.map((label, index): [string, number] => [label, max - good.length + 1 + index]),
  ]);
}

/** Probability that must be on the labels together, as for every judge. */
const LEAST_MASS = 0.9;

/** 1 when the likeliest label passes, else 0; null when too much is on points that name no label. */
export function labelReward(
  grader: LabelModelGrader,
  { probabilities, scale }: CriterionScore,
): number | null {
  const known = [...pointsOfLabels(grader)].map(([label, point]) => ({
    label,
    probability: probabilities[point - scale.min] ?? 0,
  }));
  if (known.reduce((sum, { probability }) => sum + probability, 0) < LEAST_MASS) return null;
  const best = known.reduce((one, other) => (other.probability > one.probability ? other : one));
  return grader.passing_labels.includes(best.label) ? 1 : 0;
}
