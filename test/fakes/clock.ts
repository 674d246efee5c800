import type { Clock, Random } from '../../src/contracts/clock.ts';

/** A clock that moves only when told to. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

/** Counts instead of drawing: ids are `x1`, `x2`, … */
export function countingRandom(): Random {
  let n = 0;
  return {
    id: (prefix) => `${prefix}${(n += 1)}`,
    uniform: () => 0.5,
  };
}
