import type { LimitSettings } from './settings.ts';

/**
 * How many calls a replica bears at once, learned from its time to first token (Gradient2 of Netflix'
 * concurrency-limits, which compares recent times with their long-run mean; whole answers would only
 * tell how long they are). It shrinks when tokens come later than they used to, or when the engine says
 * that it is busy, and grows while the replica is used to at least half of the limit.
 */
export interface ConcurrencyLimit {
  /** Whole calls, within the bounds of the settings. */
  current(): number;
  /** A first token came after `ms`, while `running` calls were out. */
  sample(ms: number, running: number): void;
  /** The engine refused a call for being busy, while `running` calls were out. */
  overloaded(running: number): void;
}

/** Samples whose mean is one observation. */
const WINDOW = 10;
/** First tokens may come this much later than usual without being a sign of a queue. */
const TOLERANCE = 1.5;
/** Calls by which the limit tries to grow. */
const HEADROOM = 4;
const SMOOTHING = 0.2;
const LONG_WINDOWS = 600;
const BACKOFF = 0.9;

export function createConcurrencyLimit({ minimum, initial, maximum }: LimitSettings): ConcurrencyLimit {
  let limit = initial;
  let longMs = 0;
  let windows = 0;
  let sum = 0;
  let samples = 0;
  let busiest = 0;
  const clamp = (value: number): number => Math.min(maximum, Math.max(minimum, value));

  /** A mean over the windows so far, until it is an exponential one. */
  const learn = (shortMs: number): void => {
    windows = Math.min(LONG_WINDOWS, windows + 1);
    longMs += (shortMs - longMs) / windows;
    // After a slow time the mean would take long to come down, and would hide a new queue.
    if (longMs > 2 * shortMs) longMs *= 0.95;
  };
  const endWindow = (): void => {
    const shortMs = Math.max(sum / samples, Number.EPSILON);
    learn(shortMs);
    if (busiest >= limit / 2) {
      const gradient = Math.min(1, Math.max(0.5, (TOLERANCE * longMs) / shortMs));
      limit = clamp(limit * (1 - SMOOTHING) + (limit * gradient + HEADROOM) * SMOOTHING);
    }
    sum = 0;
    samples = 0;
    busiest = 0;
  };
  return {
    current: () => Math.floor(limit),
    sample(ms, running) {
      sum += ms;
      samples += 1;
      busiest = Math.max(busiest, running);
      if (samples === WINDOW) endWindow();
    },
    overloaded(running) {
      limit = clamp(Math.min(limit, running) * BACKOFF);
    },
  };
}
