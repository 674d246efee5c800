import type { Clock } from '../contracts/clock.ts';

/** How fast an engine works its queue off, learned while calls wait: only then does it show what it can. */
export interface DrainRate {
  /** Calls wait from now on, or no longer. */
  waiting(isWaiting: boolean): void;
  served(tokens: number): void;
  /** Tokens per millisecond over the last seconds; null while too little was seen. */
  perMs(): number | null;
}

/** Tokens and time lose half of their weight in this time of waiting. */
const HALF_LIFE_MS = 5_000;
const LEAST_MS = 200;
/** A pace from fewer calls may be that of a start; after so long even one tells it. */
const LEAST_CALLS = 4;
const LONG_MS = 2_000;

export function createDrainRate(clock: Clock): DrainRate {
  let isBusy = false;
  let tokens = 0;
  let calls = 0;
  let ms = 0;
  let updatedAt = 0;
  const update = (): void => {
    const now = clock.monotonic();
    if (isBusy) {
      const weight = 2 ** ((updatedAt - now) / HALF_LIFE_MS);
      tokens *= weight;
      calls *= weight;
      ms = ms * weight + (now - updatedAt);
    }
    updatedAt = now;
  };
  return {
    waiting(isWaiting) {
      if (isWaiting === isBusy) return;
      update();
      isBusy = isWaiting;
    },
    served(more) {
      if (!isBusy) return;
      update();
      tokens += more;
      calls += 1;
    },
    perMs() {
      update();
      const isSure = ms >= LONG_MS || (ms >= LEAST_MS && calls >= LEAST_CALLS);
      return isSure && tokens > 0 ? tokens / ms : null;
    },
  };
}
