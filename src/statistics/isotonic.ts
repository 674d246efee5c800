import { requireSameLength } from './moments.ts';

/**
 * A non-decreasing function through knots: `scores` rise strictly, `values` never fall. Plain data, may be stored.
 * Outside the knots it is flat.
 */
export interface IsotonicFit {
  readonly scores: readonly number[];
  readonly values: readonly number[];
}

/** A run of scores that share one fitted value. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
  readonly value: number;
}

/**
 * The non-decreasing least-squares fit by pooling adjacent violators (Barlow et al. 1972), O(n log n).
 *
 * Equal scores are one point with their weighted mean. Each block keeps its first and last score as knots. The mean
 * of the fitted values equals the mean of the outcomes. Outcomes are labels or soft targets; weights are above 0.
 */
export function fitIsotonic(
  scores: readonly number[],
  outcomes: readonly number[],
  weights?: readonly number[],
): IsotonicFit {
  requireSameLength(scores, outcomes);
  if (scores.length === 0) throw new RangeError('an isotonic fit needs at least one row');
  const blocks: Block[] = [];
  for (const point of distinctPoints(scores, outcomes, weights)) {
    let block = point;
    for (let last = blocks.at(-1); last !== undefined && last.value >= block.value; last = blocks.at(-1)) {
      blocks.pop();
      block = pool(last, block);
    }
    blocks.push(block);
  }
  const knots = blocks.flatMap(({ from, to, value }) =>
    from === to
      ? [{ at: from, value }]
      : [
          { at: from, value },
          { at: to, value },
        ],
  );
  return { scores: knots.map((knot) => knot.at), values: knots.map((knot) => knot.value) };
}

/**
 * The fitted value of a score: `step` takes the last knot at or below it (the first one below all knots), `linear`
 * goes straight from knot to knot.
 */
export function applyIsotonic(
  fit: IsotonicFit,
  score: number,
  between: 'step' | 'linear' = 'linear',
): number {
  const after = firstAbove(fit.scores, score);
  const left = Math.max(0, after - 1);
  const low = fit.values[left] ?? Number.NaN;
  const high = fit.values[after];
  const from = fit.scores[left] ?? Number.NaN;
  const to = fit.scores[after];
  if (between === 'step' || after === 0 || high === undefined || to === undefined) return low;
  return low + ((high - low) * (score - from)) / (to - from);
}

function distinctPoints(
  scores: readonly number[],
  outcomes: readonly number[],
  weights: readonly number[] | undefined,
): Block[] {
  const rows = scores
    .map((score, i) => ({
      from: score,
      to: score,
      weight: weights?.[i] ?? 1,
      value: outcomes[i] ?? Number.NaN,
    }))
    .toSorted((left, right) => left.from - right.from);
  const points: Block[] = [];
  for (const row of rows) {
    const last = points.at(-1);
    if (last?.from === row.from) points[points.length - 1] = pool(last, row);
    else points.push(row);
  }
  return points;
}

function pool(left: Block, right: Block): Block {
  const weight = left.weight + right.weight;
  const value = (left.value * left.weight + right.value * right.weight) / weight;
  return { from: left.from, to: right.to, weight, value };
}

/** The place of the first element above `value` in a rising array; its length when there is none. */
function firstAbove(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? Number.NaN) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
