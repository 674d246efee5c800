/**
 * Adding w to the logit of a token with probability p makes its probability p e^w / (1 - p + p e^w).
 * Some engines tell the probability after the bias, others the one before it.
 */
export type BiasEffect = 'biased' | 'raw';

/** The probability of a token after `weight` was added to its logit. */
export function biasedBy(probability: number, weight: number): number {
  const raised = probability * Math.exp(weight);
  return raised / (1 - probability + raised);
}

/** The token's own probability, from the one that the engine told for it under `weight`. */
export function unbiased(effect: BiasEffect, told: number, weight: number): number {
  return effect === 'raw' ? told : biasedBy(told, -weight);
}

/** What is certain of a token that was not written under `weight`: another one, with more, was. */
export function boundBelow(weight: number): number {
  return 1 / (1 + Math.exp(weight));
}

/** Engines do not compute the same number twice to the last digit. */
const TOLERANCE = 0.02;

/**
 * Which probability an engine tells, from what it told of one token under two weights; `second` is null when
 * the token was not written under the second. Null when neither explains the numbers.
 */
export function calibrate(
  first: number,
  firstWeight: number,
  second: number | null,
  secondWeight: number,
): BiasEffect | null {
  if (second === null) return null;
  const asBiased = Math.abs(biasedBy(biasedBy(first, -firstWeight), secondWeight) - second);
  const asRaw = Math.abs(first - second);
  if (Math.min(asBiased, asRaw) > TOLERANCE) return null;
  return asBiased <= asRaw ? 'biased' : 'raw';
}
