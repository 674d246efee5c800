import type { Item } from '../domain/item.ts';

/** What `assay plan` and the program say to each other: rows in one by one, a forecast out. Nothing is asked. */

/** A forecast: `low` and `high` are what should happen at the least and at the most, not a 95 % interval. */
export interface Range {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

export interface PlanRequest {
  /** Configuration file; null for the two simulated engines. */
  readonly config: string | null;
  /** Null for the first policy of the configuration. */
  readonly policy: string | null;
  /** What an earlier run under the policy tells; null for none. */
  readonly earlier: EarlierRun | null;
  /** Uncached tokens per second of one replica, > 0, where no earlier run tells it. */
  readonly tokensPerSecond: number;
  /** Share of the rows that will be asked, in (0, 1]: less than 1 under sampling. */
  readonly share: number;
}

/** Figures of rows that were judged under the same policy. */
export interface EarlierRun {
  readonly source: string;
  /** Judged rows, >= 1. */
  readonly rows: number;
  /** By the tier's name: the rows that reached it, and the calls that they made there. */
  readonly tiers: Readonly<Record<string, { readonly rows: number; readonly calls: number }>>;
  /** Engine seconds for each token that no cache had; null where no row tells it. */
  readonly secondsPerToken: number | null;
  /** What single rows took, by the digest of their item: the same rows are in the file that is planned. */
  readonly measured: ReadonlyMap<string, MeasuredRow>;
}

export interface MeasuredRow {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  /** By the tier's name. */
  readonly calls: Readonly<Record<string, number>>;
}

/** A row of the file that is planned. */
export type PlanRow = Pick<Item, 'prompt' | 'candidates'> & {
  readonly rubric: string | null;
  readonly digest: string;
};

/** Adds rows up; holds sums alone, whatever the size of the file. */
export interface Planner {
  add(row: PlanRow): void;
  /** May be called once at least one row was added. */
  finish(): RunPlan;
}

export interface RunPlan {
  readonly policy: string;
  /** Rows that were read; the forecast is for `share` of them. */
  readonly rows: number;
  readonly tiers: readonly PlannedTier[];
  readonly total: Spending;
  /** What the forecast rests on and what it leaves out, one sentence each. */
  readonly notes: readonly string[];
}

export interface PlannedTier {
  readonly tier: string;
  readonly engine: string;
  readonly model: string;
  /** Rows that reach it. */
  readonly rows: Range;
  readonly spending: Spending;
  /** Why so many rows reach it. */
  readonly basis: string;
}

export interface Spending {
  readonly calls: Range;
  /** Of one prompt each, cached ones included. */
  readonly inputTokens: Range;
  /** Of these, what prefix caches have. */
  readonly cachedInputTokens: Range;
  readonly outputTokens: Range;
  readonly nanoUsd: Range;
  /** Until the last label, with all replicas at work. */
  readonly seconds: Range;
}
