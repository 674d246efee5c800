import type { Clock } from '../contracts/clock.ts';
import type { Watchdog } from '../contracts/resilience.ts';

/** Share of the limit after which a silent engine with counters that stand still is stuck. */
const FROZEN_SHARE = 0.5;

/**
 * Tells a replica that hangs while its health check says 200. Calls only write down the time; one timer
 * looks at it, at most once per limit, and none runs while the replica is idle. An engine whose own
 * counters stand still gets half of that time: two signs are better than one.
 */
export function createWatchdog(limitMs: number, clock: Clock, onStuck: (silentMs: number) => void): Watchdog {
  let running = 0;
  let heardAt = 0;
  let stopTimer: (() => void) | null = null;

  const tellStuck = (silentMs: number): void => {
    heardAt = clock.monotonic();
    stopTimer?.();
    stopTimer = clock.after(limitMs, look);
    onStuck(silentMs);
  };
  function look(): void {
    stopTimer = null;
    if (running === 0) return;
    const silentMs = clock.monotonic() - heardAt;
    if (silentMs < limitMs) stopTimer = clock.after(limitMs - silentMs, look);
    else tellStuck(silentMs);
  }
  return {
    started() {
      if (running === 0) heardAt = clock.monotonic();
      running += 1;
      stopTimer ??= clock.after(limitMs, look);
    },
    heard() {
      heardAt = clock.monotonic();
    },
    frozen() {
      const silentMs = clock.monotonic() - heardAt;
      if (running > 0 && silentMs >= limitMs * FROZEN_SHARE) tellStuck(silentMs);
    },
    ended() {
      running -= 1;
    },
    close() {
      running = 0;
      stopTimer?.();
      stopTimer = null;
    },
  };
}
