import type { Clock } from '../contracts/clock.ts';
import type { Watchdog } from '../contracts/resilience.ts';

/**
 * Tells a replica that hangs while its health check says 200. Calls only write down the time; one timer
 * looks at it, at most once per limit, and none runs while the replica is idle.
 */
export function createWatchdog(limitMs: number, clock: Clock, onStuck: (silentMs: number) => void): Watchdog {
  let running = 0;
  let heardAt = 0;
  let stopTimer: (() => void) | null = null;

  const look = (): void => {
    stopTimer = null;
    if (running === 0) return;
    const silentMs = clock.monotonic() - heardAt;
    if (silentMs < limitMs) {
      stopTimer = clock.after(limitMs - silentMs, look);
      return;
    }
    heardAt = clock.monotonic();
    stopTimer = clock.after(limitMs, look);
    onStuck(silentMs);
  };
  return {
    started() {
      if (running === 0) heardAt = clock.monotonic();
      running += 1;
      stopTimer ??= clock.after(limitMs, look);
    },
    heard() {
      heardAt = clock.monotonic();
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
