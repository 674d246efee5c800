import type { Interval } from './binomial.ts';
import { covariance, requireSameLength, variance } from './moments.ts';
import { twoSidedZ } from './special.ts';

/** How well a score orders rows. Everything is O(n log n) and treats equal scores as equal. */

/** The area under the ROC curve with DeLong's interval. */
export interface Auroc extends Interval {
  readonly standardError: number;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * P(score of a positive > score of a negative) + half of P(equal): Mann and Whitney's statistic, with the standard
 * error of DeLong et al. (1988) by midranks (Sun and Xu 2014). The interval is normal at `level`, cut to [0, 1].
 *
 * NaN without a positive or a negative; without an interval (0..1) with only one of either.
 */
export function auroc(scores: readonly number[], positive: readonly boolean[], level = 0.95): Auroc {
  requireSameLength(scores, positive);
  const raised = scores.filter((_, i) => positive[i] === true);
  const others = scores.filter((_, i) => positive[i] !== true);
  const positives = raised.length;
  const negatives = others.length;
  if (positives === 0 || negatives === 0) {
    return { estimate: Number.NaN, low: 0, high: 1, standardError: Number.NaN, positives, negatives };
  }
  const together = midranks([...raised, ...others]);
  const withinRaised = midranks(raised);
  const withinOthers = midranks(others);
  // For each positive the share of negatives below it, for each negative the share of positives above it.
  const below = withinRaised.map((rank, i) => ((together[i] ?? 0) - rank) / negatives);
  const above = withinOthers.map((rank, i) => 1 - ((together[positives + i] ?? 0) - rank) / positives);
  const estimate = below.reduce((sum, share) => sum + share, 0) / positives;
  const standardError = Math.sqrt(variance(below) / positives + variance(above) / negatives);
  if (Number.isNaN(standardError)) {
    return { estimate, low: 0, high: 1, standardError, positives, negatives };
  }
  const half = twoSidedZ(level) * standardError;
  return {
    estimate,
    low: Math.max(0, estimate - half),
    high: Math.min(1, estimate + half),
    standardError,
    positives,
    negatives,
  };
}

/** Ranks from 1, equal values sharing the mean of their ranks. */
export function midranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = Array.from({ length: values.length }, () => 0);
  for (let start = 0; start < order.length;) {
    const value = values[order[start] ?? 0];
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === value) end += 1;
    for (let place = start; place < end; place += 1) ranks[order[place] ?? 0] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Spearman's rank correlation in [-1, 1]; NaN when one side does not vary. */
export function spearman(first: readonly number[], second: readonly number[]): number {
  requireSameLength(first, second);
  const a = midranks(first);
  const b = midranks(second);
  return covariance(a, b) / Math.sqrt(variance(a) * variance(b));
}

/** Kendall's tau-b in [-1, 1] by Knight's merge sort (1966); NaN when one side does not vary. */
export function kendallTau(first: readonly number[], second: readonly number[]): number {
  requireSameLength(first, second);
  const pairs = first
    .map((a, i) => ({ a, b: second[i] ?? Number.NaN }))
    .toSorted((left, right) => left.a - right.a || left.b - right.b);
  const total = choose2(pairs.length);
  const tiedFirst = tiedPairs(pairs, (x, y) => x.a === y.a);
  const tiedBoth = tiedPairs(pairs, (x, y) => x.a === y.a && x.b === y.b);
  const { sorted, inversions } = countInversions(pairs.map((pair) => pair.b));
  const tiedSecond = tiedPairs(sorted, (x, y) => x === y);
  const agreeing = total - tiedFirst - tiedSecond + tiedBoth - 2 * inversions;
  return agreeing / Math.sqrt((total - tiedFirst) * (total - tiedSecond));
}

function choose2(n: number): number {
  return (n * (n - 1)) / 2;
}

/** Pairs within runs of equal neighbours. */
function tiedPairs<T>(values: readonly T[], same: (left: T, right: T) => boolean): number {
  let pairs = 0;
  let run = 0;
  let last: T | undefined;
  for (const value of values) {
    run = last !== undefined && same(last, value) ? run + 1 : 0;
    pairs += run;
    last = value;
  }
  return pairs;
}

function countInversions(values: readonly number[]): { sorted: readonly number[]; inversions: number } {
  if (values.length < 2) return { sorted: values, inversions: 0 };
  const middle = values.length >> 1;
  const left = countInversions(values.slice(0, middle));
  const right = countInversions(values.slice(middle));
  const sorted: number[] = [];
  let inversions = left.inversions + right.inversions;
  let i = 0;
  let j = 0;
  while (i < left.sorted.length || j < right.sorted.length) {
    const a = left.sorted[i] ?? Number.POSITIVE_INFINITY;
    const b = right.sorted[j] ?? Number.POSITIVE_INFINITY;
    if (j >= right.sorted.length || (i < left.sorted.length && a <= b)) {
      sorted.push(a);
      i += 1;
    } else {
      sorted.push(b);
      inversions += left.sorted.length - i;
      j += 1;
    }
  }
  return { sorted, inversions };
}
