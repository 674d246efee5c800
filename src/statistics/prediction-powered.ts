import type { Interval } from './binomial.ts';
import { covariance, mean, requireSameLength, variance } from './moments.ts';
import { logit, sigmoid } from './logistic.ts';
import { twoSidedT, twoSidedZ } from './special.ts';

/**
 * Means from a few true values and many cheap ones, as the agreement with humans from 100 human labels and the large
 * judge's opinion of every item. Valid for any proxy; a good one makes the interval narrow.
 */

/** Rows with both values, and the proxy alone of other rows from the same population. */
export interface ProxySample {
  readonly truth: readonly number[];
  /** The proxy of the same rows, in the same order. */
  readonly proxy: readonly number[];
  readonly unlabelledProxy: readonly number[];
}

export interface PoweredMean extends Interval {
  readonly standardError: number;
  /** How far the proxy was trusted, in [0, 1]; 0 is the plain mean of the true values. */
  readonly lambda: number;
}

/**
 * PPI++ (Angelopoulos et al. 2023, arXiv 2311.01453): lambda * mean(proxy) + mean(truth - lambda * proxy), lambda
 * chosen for the least variance and cut to [0, 1], with a normal interval at `level`. Needs two rows of truth.
 */
export function poweredMean(sample: ProxySample, level = 0.95): PoweredMean {
  const { truth, proxy, unlabelledProxy } = sample;
  requireSameLength(truth, proxy);
  const n = truth.length;
  if (n < 2) throw new RangeError(`an interval needs at least 2 true values, not ${n}`);
  const many = unlabelledProxy.length;
  const lambda = bestLambda(sample);
  const residuals = truth.map((value, i) => value - lambda * (proxy[i] ?? Number.NaN));
  const imputed = lambda === 0 ? 0 : lambda * mean(unlabelledProxy);
  const imputedVariance = lambda === 0 ? 0 : (lambda ** 2 * variance(unlabelledProxy)) / many;
  const estimate = imputed + mean(residuals);
  const standardError = Math.sqrt(imputedVariance + variance(residuals) / n);
  return { ...normalInterval(estimate, standardError, level), standardError, lambda };
}

/** One stratum of the population; the weights of all strata are shares and sum to 1. */
export interface Stratum {
  readonly weight: number;
  readonly sample: ProxySample;
}

/** The weighted mean of strata, each with its own lambda (Fisch et al. 2024, arXiv 2406.04291). */
export function stratifiedPoweredMean(
  strata: readonly Stratum[],
  level = 0.95,
): Interval & { readonly standardError: number } {
  const total = strata.reduce((sum, stratum) => sum + stratum.weight, 0);
  if (Math.abs(total - 1) > 1e-9) throw new RangeError(`the weights of the strata sum to ${total}, not 1`);
  const parts = strata.map(({ weight, sample }) => ({ weight, ...poweredMean(sample, level) }));
  const estimate = parts.reduce((sum, part) => sum + part.weight * part.estimate, 0);
  const standardError = Math.sqrt(
    parts.reduce((sum, part) => sum + (part.weight * part.standardError) ** 2, 0),
  );
  return { ...normalInterval(estimate, standardError, level), standardError };
}

/** A row that was labelled with a known probability, or not at all. */
export interface InclusionRow {
  readonly proxy: number;
  /** The true value, where it was drawn. */
  readonly truth?: number | undefined;
  /** The probability that it would be drawn, in (0, 1], known before drawing. */
  readonly inclusion: number;
}

/**
 * The mean over all rows where each was drawn by itself with its own probability: mean of
 * proxy + drawn/inclusion * (truth - proxy) (augmented inverse probability weighting, Robins et al. 1994). Unbiased
 * for any proxy; a small inclusion probability makes it noisy, so keep those above .02. Needs two rows.
 */
export function inclusionWeightedMean(
  rows: readonly InclusionRow[],
  level = 0.95,
): Interval & { readonly standardError: number } {
  if (rows.length < 2) throw new RangeError(`an interval needs at least 2 rows, not ${rows.length}`);
  const values = rows.map(({ proxy, truth, inclusion }) => {
    if (!(inclusion > 0 && inclusion <= 1)) {
      throw new RangeError(`an inclusion probability is in (0, 1], not ${inclusion}`);
    }
    return truth === undefined ? proxy : proxy + (truth - proxy) / inclusion;
  });
  const standardError = Math.sqrt(variance(values) / values.length);
  return { ...normalInterval(mean(values), standardError, level), standardError };
}

/**
 * An interval for a share from its estimate and standard error, by Student's t on the log-odds: a share near 1 is
 * skewed, and `rows` true values chose both its spread and its lambda (two degrees of freedom). Inside (0, 1).
 */
export function shareInterval(
  { estimate, standardError }: { readonly estimate: number; readonly standardError: number },
  rows: number,
  level: number,
): Interval {
  if (rows < 3) throw new RangeError(`an interval needs at least 3 true values, not ${rows}`);
  // A quarter of an item from either end, where log-odds would leave the plane.
  const kept = Math.min(1 - 1 / (4 * rows), Math.max(1 / (4 * rows), estimate));
  const half = (twoSidedT(level, rows - 2) * standardError) / (kept * (1 - kept));
  const low = Math.min(estimate, sigmoid(logit(kept) - half));
  const high = Math.max(estimate, sigmoid(logit(kept) + half));
  return { estimate, low: Math.max(0, low), high: Math.min(1, high) };
}

function bestLambda({ truth, proxy, unlabelledProxy }: ProxySample): number {
  const many = unlabelledProxy.length;
  if (many < 2) return 0;
  const spread = variance([...proxy, ...unlabelledProxy]);
  if (!(spread > 0)) return 0;
  const best = covariance(truth, proxy) / ((1 + truth.length / many) * spread);
  return Math.min(1, Math.max(0, best));
}

function normalInterval(estimate: number, standardError: number, level: number): Interval {
  const half = twoSidedZ(level) * standardError;
  return { estimate, low: estimate - half, high: estimate + half };
}
