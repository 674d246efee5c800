/** Settings of one engine's pool. Times in milliseconds. */
export interface PoolSettings {
  /** Time over which a replica that became ready takes up its full share; 0 takes it at once. */
  readonly slowStartMs: number;
  readonly outlier: OutlierSettings;
  readonly scrape: ScrapeSettings;
}

/** How often engines are asked for their own figures. */
export interface ScrapeSettings {
  /** While the pool is in use. */
  readonly everyMs: number;
  readonly idleEveryMs: number;
  /** Time for an answer, less than `everyMs`. */
  readonly timeoutMs: number;
}

export interface OutlierSettings {
  /** Failures in a row of the replica or its connection, >= 1, that eject it. */
  readonly localFailures: number;
  /** Answers in a row with a 5xx status, >= 1, that eject it. */
  readonly serverErrors: number;
  /** First ejection; the n-th lasts n times as long, up to `longestMs`. */
  readonly ejectionMs: number;
  readonly longestMs: number;
}

/** The figures of Envoy's outlier detection, with fewer failures of a connection. */
export const DEFAULT_POOL_SETTINGS: PoolSettings = {
  slowStartMs: 10_000,
  outlier: { localFailures: 3, serverErrors: 5, ejectionMs: 30_000, longestMs: 300_000 },
  scrape: { everyMs: 1_000, idleEveryMs: 5_000, timeoutMs: 500 },
};
