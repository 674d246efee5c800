/** Settings of one engine's resilience. Times in milliseconds, shares in [0, 1]. */
export interface ResilienceSettings {
  readonly retry: RetrySettings;
  readonly breaker: BreakerSettings;
  readonly limit: LimitSettings;
  readonly hedge: HedgeSettings;
  readonly quarantine: QuarantineSettings;
  /** Silence of a replica with calls out, > 0, after which it counts as stuck. */
  readonly stuckAfterMs: number;
}

export interface RetrySettings {
  /** Attempts after the first, 0 to 5. */
  readonly retries: number;
  /** Retries per request over the last ten seconds, over all calls of the engine. */
  readonly budgetShare: number;
  /** Retries in ten seconds that are allowed however few requests there are, >= 0. */
  readonly budgetMinimum: number;
  /** Longest first pause; it doubles with each attempt and is drawn uniformly from [0, pause]. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface BreakerSettings {
  /** Time over which failures are counted, >= 1000. */
  readonly windowMs: number;
  /** Calls in the window below which the breaker never opens, >= 1. */
  readonly minimumCalls: number;
  /** Share of failed calls above which it opens. */
  readonly failureShare: number;
  /** Time it stays open before one probe is let through. */
  readonly openMs: number;
}

export interface LimitSettings {
  /** Bounds of the adaptive limit of calls per replica: 1 <= minimum <= initial <= maximum. */
  readonly minimum: number;
  readonly initial: number;
  readonly maximum: number;
}

export interface HedgeSettings {
  readonly enabled: boolean;
  /** Most extra calls per one-token judgment. */
  readonly share: number;
}

export interface QuarantineSettings {
  /** Engine crashes at which an item must have been present, >= 1. */
  readonly crashes: number;
  /** How long a suspect or quarantined item is remembered. */
  readonly keepMs: number;
  /** Items remembered; the oldest is forgotten first. */
  readonly maximumItems: number;
}

/** What suits judging on engines that answer within seconds. */
export const DEFAULT_RESILIENCE: ResilienceSettings = {
  retry: {
    retries: 2,
    budgetShare: 0.2,
    budgetMinimum: 10,
    firstPauseMs: 100,
    longestPauseMs: 5_000,
  },
  breaker: { windowMs: 10_000, minimumCalls: 10, failureShare: 0.5, openMs: 5_000 },
  limit: { minimum: 1, initial: 64, maximum: 1_024 },
  hedge: { enabled: false, share: 0.02 },
  quarantine: { crashes: 2, keepMs: 3_600_000, maximumItems: 10_000 },
  stuckAfterMs: 15_000,
};
