import { wilson } from './binomial.ts';
import type { Interval } from './binomial.ts';
import { requireSameLength } from './moments.ts';
import { betaCdf, twoSidedZ } from './special.ts';

/** How far two labellings of the same items agree: judge and judge, judge and human, one judge and its swapped self. */

/** `counts[i][j]`: items that the first labelling calls `labels[i]` and the second `labels[j]`. */
export interface ConfusionMatrix {
  /** Every label that occurs, sorted. */
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

export function confusionMatrix(first: readonly string[], second: readonly string[]): ConfusionMatrix {
  requireSameLength(first, second);
  const labels = [...new Set([...first, ...second])].toSorted();
  const place = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  first.forEach((label, i) => {
    const row = counts[place.get(label) ?? -1];
    const column = place.get(second[i] ?? '') ?? -1;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  });
  return { labels, counts };
}

/** The share of items labelled alike, with Wilson's interval at `level`. */
export function agreement(first: readonly string[], second: readonly string[], level = 0.95): Interval {
  requireSameLength(first, second);
  return wilson(first.filter((label, i) => label === second[i]).length, first.length, level);
}

/** The share of items labelled differently: between two runs, or between two orders of one judge. */
export function flipRate(first: readonly string[], second: readonly string[], level = 0.95): Interval {
  requireSameLength(first, second);
  return wilson(first.filter((label, i) => label !== second[i]).length, first.length, level);
}

/**
 * Cohen's kappa: agreement beyond what the two label frequencies give by chance, at most 1; with the large-sample
 * interval of Fleiss, Cohen and Everitt (1969). NaN where chance alone agrees always, or without items.
 */
export function cohenKappa(first: readonly string[], second: readonly string[], level = 0.95): Interval {
  const { counts } = confusionMatrix(first, second);
  const n = first.length;
  const share = counts.map((row) => row.map((count) => count / n));
  const rows = share.map(sum);
  const columns = rows.map((_, j) => sum(share.map((row) => row[j] ?? 0)));
  const observed = sum(share.map((row, i) => row[i] ?? 0));
  const chance = sum(rows.map((row, i) => row * (columns[i] ?? 0)));
  const estimate = (observed - chance) / (1 - chance);
  // The three terms of their equation 13 for unweighted kappa.
  const diagonal = share.map((row, i) => {
    const margin = (rows[i] ?? 0) + (columns[i] ?? 0);
    return (row[i] ?? 0) * (1 - margin * (1 - estimate)) ** 2;
  });
  const beside = share.flatMap((row, i) =>
    row.map((p, j) => (i === j ? 0 : p * ((columns[i] ?? 0) + (rows[j] ?? 0)) ** 2)),
  );
  const spread =
    sum(diagonal) + (1 - estimate) ** 2 * sum(beside) - (estimate - chance * (1 - estimate)) ** 2;
  const half = (twoSidedZ(level) * Math.sqrt(Math.max(0, spread) / n)) / (1 - chance);
  return { estimate, low: Math.max(-1, estimate - half), high: Math.min(1, estimate + half) };
}

/** Two judges on the same items: who was right where the other was not. */
export interface PairedComparison {
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided exact p-value that both are right equally often; 1 when they never differ. */
  readonly pValue: number;
}

/** McNemar's test in its exact binomial form. */
export function mcnemar(firstRight: readonly boolean[], secondRight: readonly boolean[]): PairedComparison {
  requireSameLength(firstRight, secondRight);
  const onlyFirst = firstRight.filter((right, i) => right && secondRight[i] !== true).length;
  const onlySecond = secondRight.filter((right, i) => right && firstRight[i] !== true).length;
  const n = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  // P(Binomial(n, 1/2) <= fewer) as an incomplete beta function.
  const tail = n === 0 ? 1 : betaCdf(0.5, n - fewer, fewer + 1);
  return { onlyFirst, onlySecond, pValue: Math.min(1, 2 * tail) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
