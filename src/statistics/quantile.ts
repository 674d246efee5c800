/** Empirical quantiles, and two distances between samples for the drift watch. */

/** The quantile of a rising sample at `p` in [0, 1], linear between its points (Hyndman and Fan's type 7). */
export function quantileOfSorted(rising: ArrayLike<number>, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a quantile needs a probability in [0, 1], not ${p}`);
  const place = (rising.length - 1) * p;
  const below = Math.floor(place);
  const low = rising[below] ?? Number.NaN;
  const high = rising[below + 1];
  return high === undefined || place === below ? low : low + (high - low) * (place - below);
}

/** The quantiles of a sample in any order; NaN for an empty one. */
export function quantiles(values: readonly number[], probabilities: readonly number[]): number[] {
  const rising = Float64Array.from(values).toSorted();
  return probabilities.map((p) => quantileOfSorted(rising, p));
}

/**
 * Population stability index between a reference and a current sample, over bins of equal mass of the reference:
 * sum of (c - r) ln(c / r). 0 for equal shares; by custom .1 is worth a look and .25 is a shift.
 *
 * Half a row is added to every bin, so that an empty bin gives a large number and not infinity. Both need a row.
 */
export function populationStabilityIndex(
  reference: readonly number[],
  current: readonly number[],
  bins = 10,
): number {
  if (reference.length === 0 || current.length === 0) return Number.NaN;
  const inner = Array.from({ length: bins - 1 }, (_, i) => (i + 1) / bins);
  const edges = [...new Set(quantiles(reference, inner))];
  const before = sharesBetween(edges, reference);
  const now = sharesBetween(edges, current);
  return before.reduce((sum, share, i) => {
    const other = now[i] ?? Number.NaN;
    return sum + (other - share) * Math.log(other / share);
  }, 0);
}

/** Kolmogorov and Smirnov's distance: the largest gap between the two distribution functions, in [0, 1]. */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): number {
  const a = Float64Array.from(first).toSorted();
  const b = Float64Array.from(second).toSorted();
  let largest = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (a[i] === value) i += 1;
    while (b[j] === value) j += 1;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return a.length === 0 || b.length === 0 ? Number.NaN : largest;
}

function sharesBetween(edges: readonly number[], values: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0.5);
  for (const value of values) {
    const above = edges.findIndex((edge) => value <= edge);
    const bin = above < 0 ? edges.length : above;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count) => count / (values.length + counts.length / 2));
}
