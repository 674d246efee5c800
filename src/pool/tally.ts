import type { Clock } from '../contracts/clock.ts';
import type { CallReport } from '../contracts/engine.ts';
import type { AttemptsEnd } from '../contracts/resilience.ts';
import { addCosts, type Cost, NO_COST } from '../domain/cost.ts';

/** Adds up what one call of an engine took, over all of its attempts. */
export interface Tally {
  add(attempts: AttemptsEnd<unknown>): void;
  /** Cost of the attempt that counts, once it is known. */
  settle(cost: Cost): void;
  report(): CallReport;
}

export function createTally(clock: Clock): Tally {
  const startedAt = clock.monotonic();
  let attempts = 0;
  let replica: string | null = null;
  let pick: string | null = null;
  let cost: Cost = NO_COST;
  let retryNanoUsd = 0;
  let ms = 0;
  const spend = (more: readonly Cost[]): void => {
    if (more.length > 0)
      cost = cost === NO_COST && more.length === 1 ? (more[0] ?? cost) : addCosts([cost, ...more]);
    ms = toMicros(clock.monotonic() - startedAt);
  };
  return {
    add(made) {
      attempts += made.attempts;
      replica = made.end.replica ?? replica;
      pick = made.end.pick ?? pick;
      for (const { nanoUsd } of made.spent) retryNanoUsd += nanoUsd;
      spend(made.spent);
    },
    settle: (last) => spend([last]),
    report: () => {
      const report = { replica, pick, attempts, cost, ms, queuedMs: 0 };
      return retryNanoUsd === 0 ? report : { ...report, retryNanoUsd };
    },
  };
}

/** Milliseconds to a thousandth: more digits are noise that every reply would carry. */
function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
