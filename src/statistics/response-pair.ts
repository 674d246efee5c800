import { allPairs, type Pair } from './pair-choice.ts';
import { type Bounds, highestProbabilities, lowestProbabilities } from './uniform-extremes.ts';

/**
 * Which two responses to a prompt are worth comparing, by what is known of their rewards. Both methods want a wide
 * gap, and give what is uncertain the benefit of the doubt (arXiv 2603.09692).
 */
export const PAIR_METHODS = ['drts', 'deltaucb', 'random'] as const;
export type PairMethod = (typeof PAIR_METHODS)[number];

/** What is known of a response's reward: a mean and its standard deviation (>= 0), on any scale. */
export interface RewardEstimate {
  readonly mean: number;
  readonly sd: number;
}

export interface PairChance {
  readonly pair: Pair;
  /** Probability of being the pair that is compared, in [0, 1]. */
  readonly probability: number;
}

/**
 * Every pair of the responses (two or more), with its probability under the method; they sum to 1.
 *
 * @param width - Standard deviations from a mean to its bounds, >= 0.
 */
export function pairChances(
  method: PairMethod,
  rewards: readonly RewardEstimate[],
  width: number,
): PairChance[] {
  const bounds = rewards.map(({ mean, sd }) => ({ low: mean - width * sd, high: mean + width * sd }));
  return CHANCES[method](bounds);
}

const CHANCES: Readonly<Record<PairMethod, (bounds: readonly Bounds[]) => PairChance[]>> = {
  drts: drawnTwice,
  deltaucb: widestGap,
  random(bounds) {
    const pairs = allPairs(bounds.length);
    return pairs.map((pair) => ({ pair, probability: 1 / pairs.length }));
  },
};

/**
 * Double reversed Thompson sampling: the highest of one draw of all rewards, each even within its bounds, against
 * the lowest of another draw, which is repeated until it is a different response. The probabilities are those of
 * that procedure, without its draws.
 */
function drawnTwice(bounds: readonly Bounds[]): PairChance[] {
  const highest = highestProbabilities(bounds);
  const lowest = lowestProbabilities(bounds);
  const against = (one: number, other: number): number => {
    const rest = lowest.reduce((sum, p, i) => (i === one ? sum : sum + p), 0);
    return rest === 0 ? 0 : ((highest[one] ?? 0) * (lowest[other] ?? 0)) / rest;
  };
  const chances = allPairs(bounds.length).map(([one, other]) => against(one, other) + against(other, one));
  // Rounding alone: the sum is 1 to some 15 digits.
  const total = chances.reduce((sum, chance) => sum + chance, 0);
  return allPairs(bounds.length).map((pair, i) => ({ pair, probability: (chances[i] ?? 0) / total }));
}

/** DeltaUCB: the widest gap from the upper bound of one to the lower bound of another; the first of equal ones. */
function widestGap(bounds: readonly Bounds[]): PairChance[] {
  const gapOf = ([one, other]: Pair): number => Math.max(gap(bounds, one, other), gap(bounds, other, one));
  const gaps = allPairs(bounds.length).map((pair) => ({ pair, gap: gapOf(pair) }));
  const widest = gaps.reduce((best, one) => (one.gap > best.gap ? one : best));
  return gaps.map((one) => ({ pair: one.pair, probability: one === widest ? 1 : 0 }));
}

function gap(bounds: readonly Bounds[], one: number, other: number): number {
  return (bounds[one]?.high ?? Number.NaN) - (bounds[other]?.low ?? Number.NaN);
}

/** The chances when a share of the prompts, in [0, 1], gets a pair drawn evenly: then none is below share / pairs. */
export function withExploration(chances: readonly PairChance[], share: number): PairChance[] {
  return chances.map(({ pair, probability }) => ({
    pair,
    probability: (1 - share) * probability + share / chances.length,
  }));
}

/** The pair on which a coin, uniform in [0, 1), falls. A pair of probability 0 is never it. */
export function drawPair(chances: readonly PairChance[], coin: number): PairChance {
  const possible = chances.filter(({ probability }) => probability > 0);
  let passed = 0;
  const drawn = possible.find(({ probability }) => coin < (passed += probability)) ?? possible.at(-1);
  if (drawn === undefined) throw new RangeError('a pair needs two responses');
  return drawn;
}
