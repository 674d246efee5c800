import { at, solveSymmetric } from './linear.ts';

/**
 * Logistic regression with an L2 penalty, for about ten features: learned difficulty and combined confidence.
 *
 * Minimises sum_i w_i * logloss_i + l2/2 * |b - prior|^2 by Newton's steps, halved until the loss falls. The penalty
 * is in units of weighted rows and does not touch the intercept, except for a trace that keeps it finite.
 */
export interface LogisticOptions {
  /** Strength of the penalty, 0 or more; 1 unless told. Separable data stay finite for every value above 0. */
  readonly l2?: number;
  /** One weight for each row, 0 or more; 1 unless told. */
  readonly weights?: readonly number[];
  /** Added to each row's log-odds as it is, as from an earlier model; 0 unless told. */
  readonly offset?: readonly number[];
  /** The model that the penalty pulls to, in the features' own units; all coefficients 0 unless told. */
  readonly prior?: LogisticCoefficients;
  /** Scales each feature to mean 0 and variance 1 for the penalty; true unless told. */
  readonly standardise?: boolean;
}

/** In the features' own units: log-odds = intercept + sum_j coefficients_j * x_j. Plain data, may be stored. */
export interface LogisticCoefficients {
  readonly intercept: number;
  readonly coefficients: readonly number[];
}

/** A fitted model. */
export interface LogisticModel extends LogisticCoefficients {
  /** Whether Newton's steps came to rest (gradient below 1e-10 for each unit of weight). */
  readonly converged: boolean;
  readonly iterations: number;
}

/** Keeps the intercept finite when all outcomes are alike; too small to be seen otherwise. */
const INTERCEPT_PENALTY = 1e-9;
const MAX_ITERATIONS = 60;

/**
 * Fits `outcomes` (0 to 1: labels or soft targets) on `rows` (finite features, all of one length).
 *
 * A feature that never varies gets its prior coefficient. Throws a `RangeError` for rows of unlike length or no rows.
 */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  options: LogisticOptions = {},
): LogisticModel {
  const steps = fitLogisticInSteps(rows, outcomes, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * `fitLogistic` in pieces, for whoever must not block: it yields before each of Newton's steps, of which there are
 * seldom ten. The rows must not change meanwhile.
 */
export function* fitLogisticInSteps(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  options: LogisticOptions = {},
): Generator<undefined, LogisticModel> {
  const problem = prepare(rows, outcomes, options);
  // Starts at the prior: with few rows that is already near the answer.
  let parameters: Float64Array = Float64Array.from(problem.prior);
  let loss = lossAt(problem, parameters);
  for (let iteration = 1; iteration <= MAX_ITERATIONS; iteration += 1) {
    yield;
    const step = newtonStep(problem, parameters);
    if (step.gradientSize <= 1e-10 * problem.totalWeight)
      return modelOf(problem, parameters, true, iteration);
    const next = descend(problem, parameters, step.direction, loss);
    if (next === undefined) return modelOf(problem, parameters, true, iteration);
    parameters = next.parameters;
    loss = next.loss;
  }
  return modelOf(problem, parameters, false, MAX_ITERATIONS);
}

/** The log-odds that a model gives a row. */
export function logisticScore(model: LogisticCoefficients, row: readonly number[]): number {
  let score = model.intercept;
  for (let j = 0; j < model.coefficients.length; j += 1) score += at(model.coefficients, j) * at(row, j);
  return score;
}

/** The probability in [0, 1] that a model gives a row. */
export function predictLogistic(model: LogisticCoefficients, row: readonly number[]): number {
  return sigmoid(logisticScore(model, row));
}

/** 1 / (1 + e^-x), without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const grown = Math.exp(x);
  return grown / (1 + grown);
}

/** ln(p / (1 - p)), with p kept `margin` away from 0 and 1. */
export function logit(p: number, margin = 1e-12): number {
  const kept = Math.min(1 - margin, Math.max(margin, p));
  return Math.log(kept) - Math.log1p(-kept);
}

/** ln(1 + e^x), without overflow. */
export function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** The standardised problem: `design` row by row with a leading 1, `prior` and `penalty` for each parameter. */
interface Problem {
  readonly size: number;
  readonly rows: number;
  readonly design: Float64Array;
  readonly outcomes: readonly number[];
  readonly weights: readonly number[];
  readonly offset: readonly number[] | undefined;
  readonly prior: Float64Array;
  readonly penalty: Float64Array;
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  readonly totalWeight: number;
}

function prepare(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  options: LogisticOptions,
): Problem {
  const features = requireRows(rows, outcomes, options);
  const size = features + 1;
  const weights = options.weights ?? Array.from({ length: rows.length }, () => 1);
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const { mean, scale } = momentsOf(rows, weights, features);
  if (options.standardise === false) {
    mean.fill(0);
    for (let j = 0; j < features; j += 1) if (at(scale, j) !== 0) scale[j] = 1;
  }
  const design = new Float64Array(rows.length * size);
  rows.forEach((row, i) => {
    design[i * size] = 1;
    for (let j = 0; j < features; j += 1) {
      design[i * size + j + 1] = at(scale, j) === 0 ? 0 : (at(row, j) - at(mean, j)) / at(scale, j);
    }
  });
  const prior = new Float64Array(size);
  const penalty = new Float64Array(size).fill(options.l2 ?? 1);
  penalty[0] = INTERCEPT_PENALTY;
  prior[0] = options.prior?.intercept ?? 0;
  for (let j = 0; j < features; j += 1) {
    const coefficient = options.prior?.coefficients[j] ?? 0;
    // A feature that never varies has no scale; it keeps its prior coefficient at scale 1.
    prior[j + 1] = coefficient * (at(scale, j) || 1);
    prior[0] = at(prior, 0) + coefficient * at(mean, j);
  }
  const offset = options.offset;
  return {
    size,
    rows: rows.length,
    design,
    outcomes,
    weights,
    offset,
    prior,
    penalty,
    mean,
    scale,
    totalWeight,
  };
}

function requireRows(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  options: LogisticOptions,
): number {
  const features = rows[0]?.length;
  if (features === undefined) throw new RangeError('a regression needs at least one row');
  const lengths = [outcomes.length, options.weights?.length, options.offset?.length];
  if (lengths.some((length) => length !== undefined && length !== rows.length)) {
    throw new RangeError(`${rows.length} rows need as many outcomes, weights and offsets`);
  }
  if (rows.some((row) => row.length !== features)) throw new RangeError('rows must be of one length');
  if (!rows.every((row) => row.every(Number.isFinite))) throw new RangeError('features must be finite');
  const prior = options.prior?.coefficients.length ?? features;
  if (prior !== features) throw new RangeError(`a prior of ${prior} coefficients for ${features} features`);
  return features;
}

function momentsOf(
  rows: readonly (readonly number[])[],
  weights: readonly number[],
  features: number,
): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(features);
  const scale = new Float64Array(features);
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  rows.forEach((row, i) => {
    for (let j = 0; j < features; j += 1) mean[j] = at(mean, j) + (at(weights, i) * at(row, j)) / total;
  });
  rows.forEach((row, i) => {
    for (let j = 0; j < features; j += 1) {
      scale[j] = at(scale, j) + (at(weights, i) * (at(row, j) - at(mean, j)) ** 2) / total;
    }
  });
  for (let j = 0; j < features; j += 1) {
    const deviation = Math.sqrt(at(scale, j));
    // Rounding leaves a trace of variance in a constant column; that must not be blown up to a feature.
    scale[j] = deviation > 1e-10 * (1 + Math.abs(at(mean, j))) ? deviation : 0;
  }
  return { mean, scale };
}

function scoreOf(problem: Problem, parameters: Float64Array, row: number): number {
  const { design, size } = problem;
  let score = problem.offset === undefined ? 0 : at(problem.offset, row);
  for (let j = 0; j < size; j += 1) score += at(design, row * size + j) * at(parameters, j);
  return score;
}

function lossAt(problem: Problem, parameters: Float64Array): number {
  let loss = 0;
  for (let i = 0; i < problem.rows; i += 1) {
    const score = scoreOf(problem, parameters, i);
    loss += at(problem.weights, i) * (softplus(score) - at(problem.outcomes, i) * score);
  }
  for (let j = 0; j < problem.size; j += 1) {
    loss += (at(problem.penalty, j) * (at(parameters, j) - at(problem.prior, j)) ** 2) / 2;
  }
  return loss;
}

function newtonStep(
  problem: Problem,
  parameters: Float64Array,
): { direction: Float64Array; gradientSize: number } {
  const { size, design } = problem;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  for (let i = 0; i < problem.rows; i += 1) {
    const p = sigmoid(scoreOf(problem, parameters, i));
    const weight = at(problem.weights, i);
    const residual = weight * (p - at(problem.outcomes, i));
    const curvature = weight * p * (1 - p);
    for (let j = 0; j < size; j += 1) {
      const x = at(design, i * size + j);
      gradient[j] = at(gradient, j) + residual * x;
      const row = j * size;
      for (let k = 0; k <= j; k += 1) {
        hessian[row + k] = at(hessian, row + k) + curvature * x * at(design, i * size + k);
      }
    }
  }
  for (let j = 0; j < size; j += 1) {
    gradient[j] = at(gradient, j) + at(problem.penalty, j) * (at(parameters, j) - at(problem.prior, j));
    // The trace keeps the system solvable where the curve is flat to the last digit and no penalty is set.
    hessian[j * size + j] = at(hessian, j * size + j) + at(problem.penalty, j) + 1e-9;
  }
  const gradientSize = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { direction: solveSymmetric(hessian, gradient.slice()) ?? gradient, gradientSize };
}

/** Goes along the step, halved until the loss falls; undefined when it falls no more. */
function descend(
  problem: Problem,
  parameters: Float64Array,
  direction: Float64Array,
  loss: number,
): { parameters: Float64Array; loss: number } | undefined {
  for (let size = 1; size > 1e-6; size /= 2) {
    const next = parameters.map((value, j) => value - size * at(direction, j));
    const nextLoss = lossAt(problem, next);
    if (nextLoss < loss) return { parameters: next, loss: nextLoss };
  }
  return undefined;
}

function modelOf(
  problem: Problem,
  parameters: Float64Array,
  converged: boolean,
  iterations: number,
): LogisticModel {
  const coefficients = Array.from(problem.scale, (scale, j) => at(parameters, j + 1) / (scale || 1));
  const shift = coefficients.reduce((sum, coefficient, j) => sum + coefficient * at(problem.mean, j), 0);
  return { intercept: at(parameters, 0) - shift, coefficients, converged, iterations };
}
