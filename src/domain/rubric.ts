/**
 * Rubrics: what a judge looks at. A rubric of plain text guides comparisons; its criteria, each with a scale
 * of its own, guide scores.
 */
export interface Rubric {
  /** `name@version`: a changed text is another version, and another question. */
  readonly id: string;
  /** What makes a response better, in the words that a judge reads. */
  readonly text: string;
  /** What is scored; a rubric without any is scored by its text alone, see `criteriaOf`. */
  readonly criteria?: readonly Criterion[];
}

/** One thing that is scored. */
export interface Criterion {
  readonly name: string;
  /** What is looked at, in the words that a judge reads. */
  readonly text: string;
  readonly scale: Scale;
  /** What single points of the scale mean, in any order. */
  readonly anchors: readonly Anchor[];
  /** Share in the total, > 0; shares are divided by their sum. */
  readonly weight: number;
}

/** All whole numbers from `min` to `max`; at least two, at most 20 of them. */
export interface Scale {
  readonly min: number;
  readonly max: number;
}

export interface Anchor {
  readonly score: number;
  readonly text: string;
  /** A response that deserves this score. */
  readonly example?: string;
}

/** Points of a scale that a judge can be asked for: each needs a label of one token. */
export const MOST_POINTS = 20;

/** Scale of a rubric that tells none. */
export const USUAL_SCALE: Scale = { min: 1, max: 5 };

/** What is scored: the criteria, or the text as the only one. */
export function criteriaOf(rubric: Rubric): readonly Criterion[] {
  if (rubric.criteria !== undefined) return rubric.criteria;
  return [{ name: 'overall', text: rubric.text, scale: USUAL_SCALE, anchors: [], weight: 1 }];
}

/** The points of a scale in ascending order. */
export function pointsOf({ min, max }: Scale): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}

/**
 * What a judge writes for each point of a scale. Digits are one token for every tokenizer, numbers of two
 * digits are not (many spell `10` as `1`, `0`, which would count for 1), nor are signs: a scale that leaves
 * 0 to 9 is answered by letters, `A` for its least point.
 */
export function signsOf(scale: Scale): ReadonlyMap<number, string> {
  const isDigits = scale.min >= 0 && scale.max <= 9;
  return new Map(
    pointsOf(scale).map((point, index) => [
      point,
      isDigits ? String(point) : String.fromCodePoint(65 + index),
    ]),
  );
}
