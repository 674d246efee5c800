import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import type { Pass, Question, ReplicaGuard } from '../contracts/resilience.ts';
import { createBreaker } from './breaker.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { createLatencyWindow } from './latency-window.ts';
import { classify } from './outcome-class.ts';
import type { BreakerSettings, LimitSettings } from './settings.ts';

/** Silence, in milliseconds, that is too long for a replica that has not shown yet how fast it is. */
const UNKNOWN_SILENCE_MS = 1_000;

/** The guard of one replica: its breaker and its limit of calls, told by the same pass how a call went. */
export function createReplicaGuard(
  settings: { readonly breaker: BreakerSettings; readonly limit: LimitSettings },
  clock: Clock,
): ReplicaGuard {
  const breaker = createBreaker(settings.breaker, clock);
  const limit = createConcurrencyLimit(settings.limit);
  const firstTokens = createLatencyWindow();
  let running = 0;
  let lastSuspect: string | null = null;

  /** A 500 may be the item's fault: only a second item that meets one makes it the replica's. */
  const isOneItem = (question: Question): boolean => {
    const identity = question.identity();
    const isFirst = lastSuspect === null || lastSuspect === identity;
    lastSuspect = identity;
    return isFirst;
  };
  const outcomeOf = (
    failure: EngineFailure | null,
    question: Question,
    silentMs: number,
  ): 'ok' | 'fail' | 'neutral' => {
    if (failure === null) return 'ok';
    const silentTooLong = silentMs >= (firstTokens.quantile(0.99) ?? UNKNOWN_SILENCE_MS);
    const { breaker: outcome, overload } = classify(failure, silentTooLong);
    if (overload) limit.overloaded(running);
    if (outcome === 'suspect') return isOneItem(question) ? 'neutral' : 'fail';
    return outcome;
  };
  return {
    refusal() {
      const refusal = breaker.refusal();
      if (refusal === 'open') return 'breaker';
      return refusal === 'ramp' || running >= limit.current() ? 'limit' : null;
    },
    breaker: () => breaker.state(),
    limit: () => limit.current(),
    capacity: () => Math.min(limit.current(), breaker.allowed()),
    enter(): Pass {
      const ticket = breaker.admit();
      const startedAt = clock.monotonic();
      running += 1;
      let heard = false;
      return {
        firstToken(ms) {
          heard = true;
          firstTokens.add(ms);
          limit.sample(ms, running);
        },
        end(failure, question) {
          const silentMs = heard ? 0 : clock.monotonic() - startedAt;
          breaker.record(ticket, outcomeOf(failure, question, silentMs));
          running -= 1;
        },
      };
    },
  };
}
