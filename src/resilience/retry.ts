import type { Clock, Random } from '../contracts/clock.ts';
import type { Call } from '../contracts/call.ts';
import type { AttemptEnd } from '../contracts/resilience.ts';
import { classify } from './outcome-class.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { RetrySettings } from './settings.ts';

/** Decides about attempts after the first: whether, and after which pause. */
export interface RetryPolicy {
  /** A request came in; the budget grows by it. */
  requested(): void;
  /**
   * Milliseconds to wait before the next attempt, or null when there must be none. `attempts` were made.
   * Taking an answer takes it out of the budget.
   */
  pauseBefore(attempts: number, last: AttemptEnd<unknown>, call: Call): number | null;
}

export function createRetryPolicy(settings: RetrySettings, clock: Clock, random: Random): RetryPolicy {
  const budget = createRetryBudget({ share: settings.budgetShare, minimum: settings.budgetMinimum }, clock);
  /** Full jitter: uniform in [0, min(longest, first * 2^(attempts - 1))]. */
  const jitter = (attempts: number): number =>
    random.uniform() * Math.min(settings.longestPauseMs, settings.firstPauseMs * 2 ** (attempts - 1));

  const pauseOf = (attempts: number, { result, replica, hasOther }: AttemptEnd<unknown>): number | null => {
    if (result.ok) return null;
    // None was ready: at first that is the answer, but between attempts one may come back.
    if (replica === null && attempts === 1) return null;
    const { retry } = classify(result.failure);
    if (retry === 'never' || (retry === 'once' && attempts > 1)) return null;
    if (hasOther) return retry === 'later' ? jitter(attempts) : 0;
    // The same replica again: as late as it asked for, and not all callers at once.
    return (result.failure.retryAfterMs ?? 0) + jitter(attempts);
  };
  return {
    requested: () => budget.requested(),
    pauseBefore(attempts, last, call) {
      if (attempts > settings.retries || call.signal.aborted) return null;
      const pauseMs = pauseOf(attempts, last);
      if (pauseMs === null || clock.monotonic() + pauseMs >= call.deadline) return null;
      return budget.take() ? pauseMs : null;
    },
  };
}
