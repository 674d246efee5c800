import { at, invertSymmetric, solveSymmetric } from './linear.ts';
import { sigmoid, softplus } from './logistic.ts';
import { normalCdf } from './special.ts';

/**
 * Strengths of players from comparisons of pairs (Bradley and Terry 1952): P(i beats j) = sigmoid(s_i - s_j).
 * The fit is the mode under a weak normal prior, found by Newton's method with step halving; the prior keeps
 * it finite for players who won or lost everything, and centres it.
 */
export interface Comparison {
  readonly first: number;
  readonly second: number;
  /** Share of a win for the first, in [0, 1]: a judge's probability, with half of the probability of a tie. */
  readonly win: number;
}

export interface Strengths {
  /** In log-odds, one for each player; they sum to 0. */
  readonly strengths: readonly number[];
  /** Covariance of the strengths, row by row. */
  readonly covariance: Float64Array;
}

/** Standard deviation of the prior, in log-odds: wide against what judges say, narrow against infinity. */
const PRIOR_DEVIATION = 3;
const PRECISION = 1 / PRIOR_DEVIATION ** 2;
const MOST_STEPS = 50;
const CONVERGED = 1e-10;

/** Fits `size` players; players without comparisons stay at 0. `start` speeds up a fit that follows another. */
export function fitBradleyTerry(
  size: number,
  comparisons: readonly Comparison[],
  start?: readonly number[],
): Strengths {
  let strengths = Float64Array.from(start ?? Array.from({ length: size }, () => 0));
  let value = penaltyOf(strengths, comparisons);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const change = solveSymmetric(curvatureOf(strengths, comparisons), slopeOf(strengths, comparisons));
    if (change === undefined) break;
    const next = descend(strengths, change, comparisons, value);
    if (next === null) break;
    const gained = value - next.value;
    ({ strengths, value } = next);
    if (gained < CONVERGED) break;
  }
  const inverse = invertSymmetric(curvatureOf(strengths, comparisons), size) ?? new Float64Array(size * size);
  const scale = dispersionOf(strengths, comparisons);
  return {
    strengths: centred(strengths),
    covariance: centredCovariance(inverse, size).map((entry) => entry * scale),
  };
}

/** Negative log posterior. */
function penaltyOf(strengths: Float64Array, comparisons: readonly Comparison[]): number {
  let value = 0;
  for (const strength of strengths) value += (PRECISION * strength ** 2) / 2;
  for (const { first, second, win } of comparisons) {
    const gap = at(strengths, first) - at(strengths, second);
    value += softplus(gap) - win * gap;
  }
  return value;
}

/** Direction of steepest ascent of the log posterior. */
function slopeOf(strengths: Float64Array, comparisons: readonly Comparison[]): Float64Array {
  const slope = strengths.map((strength) => -PRECISION * strength);
  for (const { first, second, win } of comparisons) {
    const surprise = win - sigmoid(at(strengths, first) - at(strengths, second));
    slope[first] = at(slope, first) + surprise;
    slope[second] = at(slope, second) - surprise;
  }
  return slope;
}

function curvatureOf(strengths: Float64Array, comparisons: readonly Comparison[]): Float64Array {
  const size = strengths.length;
  const matrix = new Float64Array(size * size);
  const add = (row: number, column: number, amount: number): void => {
    matrix[row * size + column] = at(matrix, row * size + column) + amount;
  };
  for (let player = 0; player < size; player += 1) add(player, player, PRECISION);
  for (const { first, second } of comparisons) {
    const p = sigmoid(at(strengths, first) - at(strengths, second));
    const weight = p * (1 - p);
    add(first, first, weight);
    add(second, second, weight);
    add(first, second, -weight);
    add(second, first, -weight);
  }
  return matrix;
}

/** A step along `change`, halved until it helps; null when none does. */
function descend(
  strengths: Float64Array,
  change: Float64Array,
  comparisons: readonly Comparison[],
  value: number,
): { readonly strengths: Float64Array<ArrayBuffer>; readonly value: number } | null {
  for (let length = 1; length > 1e-6; length /= 2) {
    const next = Float64Array.from(strengths, (strength, player) => strength + length * at(change, player));
    const reached = penaltyOf(next, comparisons);
    if (reached <= value) return { strengths: next, value: reached };
  }
  return null;
}

/**
 * How much more or less than coin tosses the comparisons scatter about the fit (McCullagh and Nelder 1989,
 * 4.5): Pearson's statistic over its freedom, drawn towards 1 by as many imagined comparisons as there are
 * players. Probabilities of a judge that is of one mind scatter much less than single wins would.
 */
function dispersionOf(strengths: Float64Array, comparisons: readonly Comparison[]): number {
  const size = strengths.length;
  let pearson = 0;
  for (const { first, second, win } of comparisons) {
    const p = sigmoid(at(strengths, first) - at(strengths, second));
    pearson += (win - p) ** 2 / Math.max(p * (1 - p), 1e-6);
  }
  const freedom = Math.max(0, comparisons.length - (size - 1));
  return (pearson + size) / (freedom + size);
}

function centred(strengths: Float64Array): number[] {
  const mean = strengths.reduce((sum, strength) => sum + strength, 0) / strengths.length;
  return [...strengths].map((strength) => strength - mean);
}

/** Of the strengths less their mean. */
function centredCovariance(covariance: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, row) => {
    let sum = 0;
    for (let column = 0; column < size; column += 1) sum += at(covariance, row * size + column);
    return sum / size;
  });
  const mean = rows.reduce((sum, row) => sum + row, 0) / size;
  return covariance.map((entry, place) => {
    const row = Math.floor(place / size);
    return entry - (rows[row] ?? 0) - (rows[place % size] ?? 0) + mean;
  });
}

/** Variance of the difference of two strengths. */
export function gapVariance({ covariance, strengths }: Strengths, one: number, other: number): number {
  const size = strengths.length;
  const variance =
    at(covariance, one * size + one) +
    at(covariance, other * size + other) -
    2 * at(covariance, one * size + other);
  return Math.max(0, variance);
}

/** P(the stronger of the two is the one that the fit says), in [0.5, 1]. */
export function orderCertainty(fit: Strengths, one: number, other: number): number {
  const gap = Math.abs(at(fit.strengths, one) - at(fit.strengths, other));
  const deviation = Math.sqrt(gapVariance(fit, one, other));
  return deviation === 0 ? 1 : normalCdf(gap / deviation);
}
