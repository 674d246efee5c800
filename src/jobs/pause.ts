import type { Clock } from '../contracts/clock.ts';

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stopTimer = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
    function end(): void {
      stopTimer();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
