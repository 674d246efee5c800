import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { RankingResult } from '../domain/ranking.ts';
import type { Flag, TrailEntry } from '../domain/verdict.ts';
import type { Call } from './call.ts';
import type { Router } from './routing.ts';

/** Ranks the candidates of an item by comparing pairs of them. */
export interface Ranker {
  /** `verdictId` names the verdict that this will be; each comparison gets an id of its own under it. */
  rank(item: Item, call: Call, verdictId: string): Promise<Ranked>;
}

/**
 * Groups whose candidates come one by one. Each call brings one, waits for the others, and gets the ranking of
 * all of them; the comparisons that its candidate caused are its own to pay.
 */
export interface CohortBook {
  /** Never throws for what judges do. `item.wishes.cohort` names the group. */
  join(member: CohortMember, call: Call): Promise<Ranked>;
}

export interface CohortMember {
  readonly item: Item;
  readonly verdictId: string;
  readonly rules: CohortRules;
}

/** How a policy treats its groups. Those of the first candidate hold for the whole group. */
export interface CohortRules {
  readonly policy: string;
  readonly router: Router;
  /** Expected share of pairs in the right order at which adaptive ranking stops, in [0.5, 1]. */
  readonly resolvedAt: number;
  /** Comparisons of one candidate that are under way at once, >= 1. */
  readonly concurrency: number;
  /** Time from the first candidate after which the group waits no longer, in milliseconds. */
  readonly waitMs: number;
  /** What becomes of a group of which some did not come. */
  readonly whenIncomplete: 'rank' | 'fail';
}

export interface Ranked {
  readonly end:
    | { readonly type: 'ranked'; readonly result: RankingResult; readonly flags: readonly Flag[] }
    | { readonly type: 'failed'; readonly problem: Problem };
  /** Calls of all comparisons; `part` names the pair by its positions. */
  readonly trail: readonly TrailEntry[];
  /** Why it ended, and which comparisons gave nothing. */
  readonly notes: readonly string[];
  /** Every comparison was answered by labels that were bought earlier. */
  readonly cached: boolean;
}
