/** What costs can be summed by. A tier's line has the calls of that tier and the labels that it decided. */
export const COST_GROUPS = ['team', 'task', 'policy', 'tier', 'day'] as const;

export type CostGroup = (typeof COST_GROUPS)[number];

export interface CostQuery {
  /** Null for all teams. */
  readonly team: string | null;
  readonly by: CostGroup;
  /** First and last day, UTC, as `2026-11-24`; null is open. */
  readonly since: string | null;
  readonly until: string | null;
}

/** What one group cost. Money is in whole nano-dollars. */
export interface CostLine {
  /** The team, task, policy, tier or day; empty for items that no tier judged. */
  readonly key: string;
  /** Verdicts, and those with a label; `cached` are answered by labels bought for others. */
  readonly items: number;
  readonly labels: number;
  readonly cached: number;
  /** Engine calls, and those of them that were repetitions of a call or hedges. */
  readonly calls: number;
  readonly retries: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly engineSeconds: number;
  readonly nanoUsd: CostParts;
  /** Of what the verdicts tell as their cost; null without labels. */
  readonly nanoUsdPerLabel: number | null;
  /** Of everything that was spent; null without labels. */
  readonly fullyLoadedNanoUsdPerLabel: number | null;
  /**
   * What the verdicts that were bought would have cost had the last tier judged each, at its mean price in the
   * days asked about; null where that tier judged nothing, or where lines are tiers.
   */
  readonly alwaysLargeNanoUsd: number | null;
}

/** `total` is the sum of the others. */
export interface CostParts {
  /** Tiers whose judgment became the verdict. */
  readonly decided: number;
  /** Tiers that were asked for the reply and did not decide it; everything spent on items that failed. */
  readonly rejected: number;
  /** Small judges asked behind a reply, to learn about them. */
  readonly shadow: number;
  /** The last tier asked behind a reply of a small one, to watch it. */
  readonly audit: number;
  readonly total: number;
}

/** Tells what was spent. Throws `storage_unavailable`. */
export interface CostBook {
  /** Groups in the order of their names. */
  lines(query: CostQuery): Promise<readonly CostLine[]>;
}
