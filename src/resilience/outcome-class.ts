import type { EngineFailure } from '../contracts/engine.ts';

/** What a failure means: the one table that retries, breakers, limits and the quarantine go by. */
export interface OutcomeClass {
  /**
   * `elsewhere` asks another replica, `once` does so one time only, because the item may be what
   * breaks the engine; `later` waits first; `never` would only repeat the failure.
   */
  readonly retry: 'never' | 'once' | 'elsewhere' | 'later';
  /** `suspect` counts as a failure only when different items fail. */
  readonly breaker: 'fail' | 'suspect' | 'neutral';
  /** The replica has more work than it can bear. */
  readonly overload: boolean;
  /** The engine went down while it worked on the item. */
  readonly crash: boolean;
  /** What the attempt cost: nothing when it never reached the engine, else its share of the busy time. */
  readonly cost: 'none' | 'partial';
}

const NEVER = { retry: 'never', breaker: 'neutral', overload: false, crash: false } as const;
const ELSEWHERE = { retry: 'elsewhere', breaker: 'fail', overload: false, crash: false } as const;

/** `silentTooLong` tells of a deadline whether the replica was silent for longer than it ever is. */
export function classify(failure: EngineFailure, silentTooLong = false): OutcomeClass {
  const cost = failure.sent ? 'partial' : 'none';
  switch (failure.code) {
    case 'cancelled':
      return { ...NEVER, cost };
    case 'deadline_exceeded':
      // No time is left for a retry, but a silent engine must open its breaker.
      return { ...NEVER, breaker: failure.sent && silentTooLong ? 'fail' : 'neutral', cost };
    case 'overloaded':
      return { ...NEVER, retry: 'later', overload: true, cost };
    case 'engine_corrupt':
      return { ...ELSEWHERE, cost };
    case 'engine_error':
      return { ...engineError(failure), cost };
    case 'engine_unavailable':
      return { ...ELSEWHERE, crash: failure.blamesReplica && failure.sent, cost };
    default:
      // What the engine refuses it refuses everywhere, unless the replica itself is wrong.
      return failure.blamesReplica ? { ...ELSEWHERE, cost } : { ...NEVER, cost };
  }
}

/** A replica that is to blame crashed, unless it is known to live; a 500 may be the item's doing. */
function engineError({ blamesReplica, sent, alive }: EngineFailure): Omit<OutcomeClass, 'cost'> {
  if (!blamesReplica) return { ...NEVER, retry: 'once', breaker: 'suspect' };
  return { ...ELSEWHERE, crash: sent && alive !== true };
}
