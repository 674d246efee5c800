import type { Clock } from '../contracts/clock.ts';
import type { Watchdog } from '../contracts/resilience.ts';

/** A timer that is late by this share of the limit tells of a gateway that was frozen, and not of the engine. */
const LATE_SHARE = 0.5;

/** Share of the limit after which a silent engine with counters that stand still is stuck. */
const FROZEN_SHARE = 0.5;

/**
 * Tells a replica that hangs while its health check says 200. Calls only write down the time; one timer
 * looks at it, at most once per limit, and none runs while the replica is idle. An engine whose own
 * counters stand still gets half of that time: two signs are better than one. When the gateway itself
 * stood still (a paused machine), nothing could be heard, and the engine gets its time anew.
 */
export function createWatchdog(limitMs: number, clock: Clock, onStuck: (silentMs: number) => void): Watchdog {
  let running = 0;
  let heardAt = 0;
  let stopTimer: (() => void) | null = null;
  let dueAt = 0;

  const lookIn = (ms: number): void => {
    dueAt = clock.monotonic() + ms;
    stopTimer = clock.after(ms, look);
  };
  const tellStuck = (silentMs: number): void => {
    heardAt = clock.monotonic();
    stopTimer?.();
    lookIn(limitMs);
    onStuck(silentMs);
  };
  function look(): void {
    stopTimer = null;
    if (running === 0) return;
    const now = clock.monotonic();
    if (now - dueAt > limitMs * LATE_SHARE) heardAt = now;
    const silentMs = now - heardAt;
    if (silentMs < limitMs) lookIn(limitMs - silentMs);
    else tellStuck(silentMs);
  }
  return {
    started() {
      if (running === 0) heardAt = clock.monotonic();
      running += 1;
      if (stopTimer === null) lookIn(limitMs);
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
