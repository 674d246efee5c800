import type { Ranker } from '../../contracts/ranking.ts';
import type { Router } from '../../contracts/routing.ts';
import { abortProblem, type Problem } from '../../domain/errors.ts';
import type { RankingMethod, RankingResult } from '../../domain/ranking.ts';
import type { Flag } from '../../domain/verdict.ts';
import { at } from '../../statistics/linear.ts';
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
import { midranks } from '../../statistics/ranking.ts';
import { type Comparisons, createComparisons, nameOf } from './comparisons.ts';

/**
 * Rankings are made of comparisons: each goes through the preference router of the policy, with its
 * certificates, both orders and the cache, and the rewards are the Bradley-Terry strengths that fit them. A
 * comparison that failed is told and left out; candidates that no comparison links are never ranked.
 */
export interface RankerOptions {
  readonly router: Router;
  /** Expected share of pairs in the right order at which adaptive ranking stops, in [0.5, 1]. */
  readonly resolvedAt: number;
  /** Comparisons of one item that are under way at once, >= 1. */
  readonly concurrency: number;
}

export function createRanker(options: RankerOptions): Ranker {
  return {
    async rank(item, call, verdictId) {
      const { concurrency, router } = options;
      const groups = groupsOf(item.candidates);
      const positions = groups.map(([first = 0]) => first);
      const comparisons = createComparisons({ router, item, positions, call, verdictId, concurrency });
      const plan = planOf(positions.length, item.wishes?.method, item.wishes?.comparisons);
      const note = await run(plan, comparisons, options.resolvedAt, call.signal);
      const { trail, failed, judged } = comparisons;
      const notes = [
        note,
        ...failed.map(
          ({ pair, problem }) =>
            `${nameOf({ positions }, pair)}: ${problem?.message ?? 'the judges abstained'}`,
        ),
      ];
      const problem = problemOf(plan.size, comparisons, call.signal);
      const told = { trail, notes, cached: comparisons.isCached };
      if (problem !== null) return { end: { type: 'failed', problem }, ...told };
      const fit = fitBradleyTerry(plan.size, judged);
      const result = resultOf(fit, groups, { plan, comparisons });
      return { end: { type: 'ranked', result, flags: flagsOf(comparisons) }, ...told };
    },
  };
}

/** Positions of equal texts together: they are one candidate, and need no comparison. */
function groupsOf(candidates: readonly string[]): number[][] {
  return [...Map.groupBy(candidates.keys(), (position) => candidates[position])].map(([, places]) => places);
}

interface Plan {
  readonly method: RankingMethod;
  /** Different candidates. */
  readonly size: number;
  /** Pairs that may be compared. */
  readonly budget: number;
}

/** Adaptive ranking gets by with half of the pairs unless more is allowed, but links every candidate. */
function planOf(size: number, method: RankingMethod = 'adaptive', comparisons?: number): Plan {
  const possible = (size * (size - 1)) / 2;
  const usual = method === 'adaptive' ? Math.max(size, Math.ceil(possible / 2)) : possible;
  const wanted = Math.max(comparisons ?? usual, size - 1);
  return { method, size, budget: Math.min(possible, wanted) };
}

/** Compares what the plan wants; tells why it ended. */
async function run(
  { method, size, budget }: Plan,
  comparisons: Comparisons,
  resolvedAt: number,
  signal: AbortSignal,
): Promise<string> {
  if (method === 'adaptive') return runAdaptive({ size, budget, resolvedAt }, comparisons, signal);
  const pairs = (method === 'circular' ? circularPairs(size) : allPairs(size)).slice(0, budget);
  // All share their beginning: the first one leaves it in the engine's cache for the others.
  await comparisons.ask(pairs.slice(0, 1));
  if (!signal.aborted) await comparisons.ask(pairs.slice(1));
  return `${pairs.length} pairs`;
}

async function runAdaptive(
  {
    size,
    budget,
    resolvedAt,
  }: { readonly size: number; readonly budget: number; readonly resolvedAt: number },
  comparisons: Comparisons,
  signal: AbortSignal,
): Promise<string> {
  const known = new Set<number>();
  let fit: Strengths = fitBradleyTerry(size, []);
  while (known.size < budget && !signal.aborted) {
    const most = known.size === 0 ? 1 : Math.max(1, Math.floor(size / 2));
    const linked = linksOf(comparisons);
    const pairs = choosePairs(fit, { known, linked }, Math.min(most, budget - known.size));
    if (pairs.length === 0) break;
    for (const pair of pairs) known.add(pairKey(pair, size));
    await comparisons.ask(pairs);
    fit = fitBradleyTerry(size, comparisons.judged, fit.strengths);
    const certainty = expectedOrder(fit);
    if (certainty >= resolvedAt && isLinked(size, comparisons)) {
      return `resolved: ${certainty.toFixed(2)} of the order expected right after ${known.size} pairs`;
    }
  }
  return `${known.size} pairs, as many as allowed`;
}

function isLinked(size: number, comparisons: Comparisons): boolean {
  return isConnected(size, linksOf(comparisons));
}

function linksOf({ judged }: Comparisons): Pair[] {
  return judged.map(({ first, second }): Pair => [first, second]);
}

/** Why there are no rewards; null when there are. */
function problemOf(size: number, comparisons: Comparisons, signal: AbortSignal): Problem | null {
  if (signal.aborted) return abortProblem(signal.reason);
  if (isLinked(size, comparisons)) return null;
  const cause = comparisons.failed.find(({ problem }) => problem !== null)?.problem;
  const lost = `${comparisons.failed.length} comparisons gave no label, and the others do not link all candidates`;
  if (cause === undefined || cause === null) return { code: 'unparseable', message: lost, param: null };
  return { ...cause, message: `${lost}: ${cause.message}` };
}

function resultOf(
  fit: Strengths,
  groups: readonly (readonly number[])[],
  { plan, comparisons }: { readonly plan: Plan; readonly comparisons: Comparisons },
): RankingResult {
  const size = groups.reduce((sum, group) => sum + group.length, 0);
  const placeOf = new Map(groups.flatMap((group, place) => group.map((position) => [position, place])));
  const all = Array.from({ length: size }, (_, position) => placeOf.get(position) ?? 0);
  const strengths = all.map((place) => at(fit.strengths, place));
  const mean = strengths.reduce((sum, strength) => sum + strength, 0) / size;
  const rewards = strengths.map((strength) => strength - mean);
  return {
    rewards,
    standardErrors: all.map((place) => Math.sqrt(Math.max(0, at(fit.covariance, place * (plan.size + 1))))),
    order: all.map((_, position) => position).toSorted((one, other) => at(rewards, other) - at(rewards, one)),
    ranks: midranks(rewards.map((reward) => -reward)),
    comparisons: {
      judged: comparisons.judged.length,
      failed: comparisons.failed.length,
      possible: (plan.size * (plan.size - 1)) / 2,
    },
    certainty: expectedOrder(fit),
    method: plan.method,
  };
}

function flagsOf(comparisons: Comparisons): Flag[] {
  const flags: Flag[] = [];
  if (comparisons.isUncertified) flags.push('uncertified');
  if (comparisons.failed.length > 0) flags.push('incomplete');
  return flags;
}
