import type { Clock } from '../contracts/clock.ts';
import type { AttemptEnd, RunningAttempt, StartAttempt } from '../contracts/resilience.ts';
import { GatewayError } from '../domain/errors.ts';
import { createLatencyWindow } from './latency-window.ts';
import type { HedgeSettings } from './settings.ts';

/**
 * A second call for a one-token judgment that takes longer than 95 % of them: the first answer wins, the
 * other call is aborted (Dean and Barroso, The Tail at Scale). Bounded to a share of the judgments.
 */
export interface Hedge {
  /** All attempts that were made, the one that counts last. */
  ask<T>(start: StartAttempt<T>, avoid: readonly string[]): Promise<readonly AttemptEnd<T>[]>;
}

export function createHedge(settings: HedgeSettings, clock: Clock): Hedge {
  const times = createLatencyWindow();
  let asked = 0;
  let hedged = 0;
  const mayHedge = (): boolean => settings.enabled && hedged + 1 <= settings.share * asked;

  return {
    async ask(start, avoid) {
      asked += 1;
      const startedAt = clock.monotonic();
      const first = start(avoid);
      const delayMs = mayHedge() ? times.quantile(0.95) : null;
      const isLate = delayMs !== null && (await isRunningAfter(first, delayMs, clock));
      if (!isLate || !mayHedge() || !first.couldRunElsewhere()) {
        const end = await first.ended;
        if (end.result.ok) times.add(clock.monotonic() - startedAt);
        return [end];
      }
      hedged += 1;
      const ends = await race(first, start([...avoid, first.replica() ?? '']));
      // A late first call is part of the picture: without it the quantile would sink.
      if (ends.at(-1)?.result.ok === true) times.add(clock.monotonic() - startedAt);
      return ends;
    },
  };
}

/** True when the attempt is still running after `ms`. */
function isRunningAfter(attempt: RunningAttempt<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.after(ms, () => resolve(true));
    void attempt.ended.then(() => {
      stop();
      resolve(false);
    });
  });
}

/** The first answer wins and the other is aborted; when both fail the second failure counts. */
async function race<T>(a: RunningAttempt<T>, b: RunningAttempt<T>): Promise<readonly AttemptEnd<T>[]> {
  const tagged = (attempt: RunningAttempt<T>, other: RunningAttempt<T>) =>
    attempt.ended.then((end) => ({ end, other }));
  const fastest = await Promise.race([tagged(a, b), tagged(b, a)]);
  if (fastest.end.result.ok) {
    fastest.other.abort(new GatewayError('cancelled', 'another replica answered first'));
    return [await fastest.other.ended, fastest.end];
  }
  return [fastest.end, await fastest.other.ended];
}
