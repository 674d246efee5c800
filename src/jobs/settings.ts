/** How jobs are worked on. All times in milliseconds. */
export interface JobSettings {
  /** Items judged at once by this gateway. */
  readonly concurrency: number;
  /** Most items of one job. */
  readonly maxItems: number;
  /** Longest time from acceptance to the end, in seconds; also the time of jobs that ask for none. */
  readonly maxDeadlineSeconds: number;
  /** Longest time for one try of one item. */
  readonly itemTimeoutMs: number;
  readonly retentionDays: number;
  /** Time that items under way get to end at shutdown. */
  readonly drainMs: number;
}

/** Items of a shard: what one lease is about, and at most what is judged again after a death. */
export const SHARD_ITEMS = 200;
/** A shard ends earlier when its items are long. */
export const SHARD_CHARACTERS = 2_000_000;
/** Silence after which a shard is given to somebody else: with `POLL_MS`, work goes on well within 45 s. */
export const LEASE_MS = 30_000;
export const HEARTBEAT_MS = 8_000;
/** Pause between two looks for work. */
export const POLL_MS = 1_000;
/** A commit is made when so many items have ended, or so long after the first of them. */
export const COMMIT_ITEMS = 100;
export const COMMIT_MS = 100;
export const SWEEP_MS = 5_000;
/** A body that says nothing for so long has broken off. */
export const RECEIVING_MS = 60_000;
