import { spread } from '../domain/text-hash.ts';

/**
 * Sampling with known inclusion probabilities: each item is taken or left by a coin of its own (Poisson
 * sampling), whose bias follows a weight. A label's weight in any mean is then 1 / its probability
 * (Horvitz and Thompson 1952), which keeps the mean unbiased however the weights were chosen.
 */

/**
 * Least probability that any item gets. A smaller one would let single labels outweigh all others: the
 * variance of a mean grows with 1 / probability.
 */
export const LEAST_INCLUSION = 0.05;

/**
 * Probabilities in proportion to `weights` (finite, >= 0) whose sum is `share` of the items, in (0, 1], cut at
 * 1 and at the least one (or `share`, where that is smaller). The sum is exact unless the cuts forbid it.
 */
export function inclusionProbabilities(
  weights: readonly number[],
  share: number,
  least = LEAST_INCLUSION,
): number[] {
  const floor = Math.min(least, share);
  const wanted = share * weights.length;
  const at = (scale: number): number[] => weights.map((w) => Math.min(1, Math.max(floor, w * scale)));
  const largest = weights.reduce((most, w) => Math.max(most, w), 0);
  if (largest === 0) return weights.map(() => share);
  // The sum grows with the scale, so that halving finds it.
  let [low, high] = [0, 1 / smallestPositive(weights)];
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (sum(at(middle)) < wanted) low = middle;
    else high = middle;
  }
  return at(high);
}

function smallestPositive(weights: readonly number[]): number {
  return weights.reduce((least, w) => (w > 0 ? Math.min(least, w) : least), Number.POSITIVE_INFINITY);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * The coin of an item, uniform in [0, 1): the same for the same seed and hash, whatever stands beside the item.
 * So a larger share takes all that a smaller one took, and a run that goes on decides as before.
 *
 * @param hash - 32 bits that tell the item.
 */
export function coinOf(hash: number, seed: number): number {
  return (spread(spread(hash) ^ Math.imul(seed + 1, 0x9e3779b1)) >>> 0) / 4_294_967_296;
}
