import type { RankingMethod } from '../../domain/ranking.ts';
import { fitBradleyTerry, type Strengths } from '../../statistics/bradley-terry.ts';
import {
  allPairs,
  choosePairs,
  circularPairs,
  expectedOrder,
  isConnected,
  type Pair,
  pairKey,
} from '../../statistics/pair-choice.ts';
import type { Comparisons } from './comparisons.ts';

/** Which pairs of a ranking are compared, and when it is enough. */
export interface Plan {
  readonly method: RankingMethod;
  /** Different candidates. */
  readonly size: number;
  /** Pairs that may be compared. */
  readonly budget: number;
}

/** Adaptive ranking gets by with half of the pairs unless more is allowed, but links every candidate. */
export function planOf(size: number, method: RankingMethod = 'adaptive', comparisons?: number): Plan {
  const possible = (size * (size - 1)) / 2;
  const usual = method === 'adaptive' ? Math.max(size, Math.ceil(possible / 2)) : possible;
  const wanted = Math.max(comparisons ?? usual, size - 1);
  return { method, size, budget: Math.min(possible, wanted) };
}

/** What is known before a plan is run. */
export interface Progress {
  /** Expected share of pairs in the right order at which adaptive ranking stops, in [0.5, 1]. */
  readonly resolvedAt: number;
  /** Pairs that were compared already. */
  readonly compared: readonly Pair[];
}

/** Compares what the plan wants; tells why it ended. */
export async function run(
  { method, size, budget }: Plan,
  comparisons: Comparisons,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  if (method === 'adaptive') return runAdaptive({ size, budget, ...progress }, comparisons, signal);
  const done = new Set(progress.compared.map((pair) => pairKey(pair, size)));
  const planned = (method === 'circular' ? circularPairs(size) : allPairs(size)).slice(0, budget);
  const pairs = planned.filter((pair) => !done.has(pairKey(pair, size)));
  // All share their beginning: the first one leaves it in the engine's cache for the others.
  await comparisons.ask(pairs.slice(0, 1));
  if (!signal.aborted) await comparisons.ask(pairs.slice(1));
  return `${done.size + pairs.length} pairs`;
}

async function runAdaptive(
  { size, budget, resolvedAt, compared }: Pick<Plan, 'size' | 'budget'> & Progress,
  comparisons: Comparisons,
  signal: AbortSignal,
): Promise<string> {
  const known = new Set(compared.map((pair) => pairKey(pair, size)));
  let fit: Strengths = fitBradleyTerry(size, comparisons.judged);
  const isResolved = (): boolean =>
    known.size > 0 && expectedOrder(fit) >= resolvedAt && isLinked(size, comparisons);
  while (known.size < budget && !signal.aborted && !isResolved()) {
    const most = known.size === 0 ? 1 : Math.max(1, Math.floor(size / 2));
    const linked = linksOf(comparisons);
    const pairs = choosePairs(fit, { known, linked }, Math.min(most, budget - known.size));
    if (pairs.length === 0) break;
    for (const pair of pairs) known.add(pairKey(pair, size));
    await comparisons.ask(pairs);
    fit = fitBradleyTerry(size, comparisons.judged, fit.strengths);
  }
  if (isResolved()) {
    return `resolved: ${expectedOrder(fit).toFixed(2)} of the order expected right after ${known.size} pairs`;
  }
  return `${known.size} pairs, as many as allowed`;
}

export function isLinked(size: number, comparisons: Comparisons): boolean {
  return isConnected(size, linksOf(comparisons));
}

function linksOf({ judged }: Comparisons): Pair[] {
  return judged.map(({ first, second }): Pair => [first, second]);
}
