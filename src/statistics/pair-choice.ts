import { sigmoid } from './logistic.ts';
import { gapVariance, orderCertainty, type Strengths } from './bradley-terry.ts';

/** Choosing which pairs to compare next, and when to stop. Pairs are positions, the lower one first. */
export type Pair = readonly [number, number];

/** Every pair of `size` players. */
export function allPairs(size: number): Pair[] {
  const players = Array.from({ length: size }, (_, player) => player);
  return players.flatMap((one) => players.slice(one + 1).map((other): Pair => [one, other]));
}

/** Each player and the next, in a circle: the fewest pairs in which everybody is compared twice. */
export function circularPairs(size: number): Pair[] {
  if (size < 3) return allPairs(size);
  return Array.from({ length: size }, (_, one): Pair => {
    const next = (one + 1) % size;
    return one < next ? [one, next] : [next, one];
  });
}

/** A key for sets of pairs. */
export function pairKey([one, other]: Pair, size: number): number {
  return one * size + other;
}

/**
 * Up to `count` pairs that were not compared yet, no player in two of them: those from which the fit learns
 * most about the order. While `linked` comparisons leave players apart, only pairs that bring them together
 * count, so that size - 1 comparisons link everybody. The information of a comparison is p (1 - p) x the variance of the gap (the greedy
 * step of a D-optimal design); it counts by how doubtful the order of the two still is.
 */
export function choosePairs(
  fit: Strengths,
  { known, linked }: { readonly known: ReadonlySet<number>; readonly linked: readonly Pair[] },
  count: number,
): Pair[] {
  const size = fit.strengths.length;
  const links = createLinks(size, linked);
  const ranked = allPairs(size)
    .filter((pair) => !known.has(pairKey(pair, size)))
    .map((pair) => ({ pair, gain: gainOf(fit, pair) }))
    .toSorted((one, other) => other.gain - one.gain);
  const isLinking = ranked.some(({ pair }) => !links.has(pair));
  const busy = new Set<number>();
  const chosen: Pair[] = [];
  for (const { pair } of ranked) {
    if (chosen.length >= count) break;
    if (busy.has(pair[0]) || busy.has(pair[1]) || (isLinking && links.has(pair))) continue;
    busy.add(pair[0]).add(pair[1]);
    links.add(pair);
    chosen.push(pair);
  }
  return chosen;
}

function gainOf(fit: Strengths, [one, other]: Pair): number {
  const p = sigmoid((fit.strengths[one] ?? 0) - (fit.strengths[other] ?? 0));
  const information = Math.log1p(p * (1 - p) * gapVariance(fit, one, other));
  return information * (1 - orderCertainty(fit, one, other));
}

/** Expected share of all pairs that stand in the right order, in [0.5, 1], by the fit's own uncertainty. */
export function expectedOrder(fit: Strengths): number {
  const pairs = allPairs(fit.strengths.length);
  const right = pairs.reduce((sum, [one, other]) => sum + orderCertainty(fit, one, other), 0);
  return pairs.length === 0 ? 1 : right / pairs.length;
}

/** True when every player is reached from every other through comparisons: else strengths can not be compared. */
export function isConnected(size: number, pairs: readonly Pair[]): boolean {
  const links = createLinks(size, pairs);
  return Array.from({ length: size }, (_, player): Pair => [0, player]).every((pair) => links.has(pair));
}

/** Which players pairs bring together, over any number of steps (union and find). */
interface Links {
  /** The two are together already. */
  has(pair: Pair): boolean;
  add(pair: Pair): void;
}

function createLinks(size: number, pairs: readonly Pair[]): Links {
  const above = Array.from({ length: size }, (_, player) => player);
  const leaderOf = (player: number): number => {
    let leader = player;
    while (above[leader] !== leader) leader = above[leader] ?? leader;
    return leader;
  };
  const add = ([one, other]: Pair): void => {
    above[leaderOf(one)] = leaderOf(other);
  };
  for (const pair of pairs) add(pair);
  return { has: ([one, other]) => leaderOf(one) === leaderOf(other), add };
}
