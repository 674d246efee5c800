import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { RankingResult } from '../domain/ranking.ts';
import type { Flag, TrailEntry } from '../domain/verdict.ts';
import type { Call } from './call.ts';

/** Ranks the candidates of an item by comparing pairs of them. */
export interface Ranker {
  /** `verdictId` names the verdict that this will be; each comparison gets an id of its own under it. */
  rank(item: Item, call: Call, verdictId: string): Promise<Ranked>;
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
