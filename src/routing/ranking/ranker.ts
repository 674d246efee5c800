import type { Ranker } from '../../contracts/ranking.ts';
import type { Router } from '../../contracts/routing.ts';
import { planOf, run } from './comparison-plan.ts';
import { createComparisons } from './comparisons.ts';
import { conclude, failuresOf, groupsOf } from './conclusion.ts';

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
      const { concurrency, router, resolvedAt } = options;
      const groups = groupsOf(item.candidates);
      const positions = groups.map(([first = 0]) => first);
      const comparisons = createComparisons({ router, item, positions, call, verdictId, concurrency });
      const plan = planOf(positions.length, item.wishes?.method, item.wishes?.comparisons);
      const note = await run(plan, comparisons, { resolvedAt, compared: [] }, call.signal);
      return {
        end: conclude(plan, comparisons, { groups, signal: call.signal }),
        trail: comparisons.trail,
        notes: [note, ...failuresOf(comparisons, positions)],
        cached: comparisons.isCached,
      };
    },
  };
}
