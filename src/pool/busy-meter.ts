import type { Clock } from '../contracts/clock.ts';

/**
 * Shares a replica's busy time out among the calls that run on it. While n calls run, each second
 * costs each of them 1/n second, so the shares of all calls add up to the time the replica was busy
 * (processor sharing). Idle time is nobody's.
 */
export interface BusyMeter {
  /** Starts a call; the function returned ends it and tells its share in seconds. Call it once. */
  start(): () => number;
  running(): number;
}

export function createBusyMeter(clock: Clock): BusyMeter {
  let running = 0;
  /** Share, in ms, of a call that would have run since the start of time. */
  let share = 0;
  let updatedAt = clock.monotonic();
  const advance = (): void => {
    const now = clock.monotonic();
    if (running > 0) share += (now - updatedAt) / running;
    updatedAt = now;
  };
  return {
    start() {
      advance();
      running += 1;
      const shareAtStart = share;
      return () => {
        advance();
        running -= 1;
        return (share - shareAtStart) / 1000;
      };
    },
    running: () => running,
  };
}
