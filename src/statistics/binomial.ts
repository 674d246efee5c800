import { betaQuantile, twoSidedZ } from './special.ts';

/** Bounds on a probability from `errors` events in `n` independent trials. All probabilities are in [0, 1]. */

/** An interval with its point estimate. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The exact one-sided upper bound of Clopper and Pearson (1934): the true probability is at or below it with
 * probability 1 - `delta` or more. 1 when every trial was an error, and when there was no trial.
 */
export function binomialUpperBound(errors: number, n: number, delta: number): number {
  requireCounts(errors, n);
  requireInside('delta', delta);
  return errors >= n ? 1 : betaQuantile(1 - delta, errors + 1, n - errors);
}

/** The exact one-sided lower bound; 0 without any error. */
export function binomialLowerBound(errors: number, n: number, delta: number): number {
  requireCounts(errors, n);
  requireInside('delta', delta);
  return errors === 0 ? 0 : betaQuantile(delta, errors, n - errors + 1);
}

/** The fewest trials that can certify `alpha`: without one error, (1 - alpha)^n <= delta. 45 for .05 and .1. */
export function minimumItems(alpha: number, delta: number): number {
  requireInside('alpha', alpha);
  requireInside('delta', delta);
  return Math.ceil(Math.log(delta) / Math.log1p(-alpha));
}

/**
 * The largest number of errors among `n` with `binomialUpperBound` at or below `alpha`; -1 when not even 0 will do.
 * The bound grows with the errors, so a certificate is a comparison of counts.
 */
export function allowedErrors(n: number, alpha: number, delta: number): number {
  requireInside('alpha', alpha);
  requireInside('delta', delta);
  requireCounts(0, n);
  // The bound lies above the observed share for every delta below one half; otherwise the search just looks wider.
  let low = -1;
  let high = delta < 0.5 ? Math.min(n, Math.floor(n * alpha) + 1) : n;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (binomialUpperBound(middle, n, delta) <= alpha) low = middle;
    else high = middle;
  }
  return low;
}

/** Upper bounds for one `n`, each computed once: at most n + 1 numbers are kept. */
export interface BinomialBounds {
  readonly n: number;
  readonly delta: number;
  /** `binomialUpperBound(errors, n, delta)`. */
  upper(errors: number): number;
  /** `allowedErrors(n, alpha, delta)`. */
  allowedErrors(alpha: number): number;
}

/** For loops that ask for the same `n` again and again, such as the replay of a certificate. */
export function createBinomialBounds(n: number, delta: number): BinomialBounds {
  requireCounts(0, n);
  requireInside('delta', delta);
  const known = new Float64Array(n + 1).fill(Number.NaN);
  const allowed = new Map<number, number>();
  return {
    n,
    delta,
    upper: (errors) => {
      const kept = known[errors];
      if (kept !== undefined && !Number.isNaN(kept)) return kept;
      const bound = binomialUpperBound(errors, n, delta);
      known[errors] = bound;
      return bound;
    },
    allowedErrors: (alpha) => {
      const kept = allowed.get(alpha);
      if (kept !== undefined) return kept;
      const errors = allowedErrors(n, alpha, delta);
      if (allowed.size < 64) allowed.set(alpha, errors);
      return errors;
    },
  };
}

/** Wilson's score interval (1927), two-sided at `level`: for reports, not for promises. 0..1 without trials. */
export function wilson(events: number, n: number, level: number): Interval {
  requireCounts(events, n);
  requireInside('level', level);
  if (n === 0) return { estimate: Number.NaN, low: 0, high: 1 };
  const z = twoSidedZ(level);
  const share = events / n;
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return {
    estimate: share,
    low: events === 0 ? 0 : Math.max(0, centre - half),
    high: events === n ? 1 : Math.min(1, centre + half),
  };
}

function requireCounts(errors: number, n: number): void {
  if (!(Number.isInteger(errors) && Number.isInteger(n) && errors >= 0 && errors <= n)) {
    throw new RangeError(`${errors} of ${n} is no count of events among trials`);
  }
}

function requireInside(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} is inside (0, 1), not ${value}`);
}
