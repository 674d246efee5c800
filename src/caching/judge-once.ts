import type { Lease, Leases } from '../contracts/cache.ts';
import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { RoutingResult } from '../contracts/routing.ts';

/**
 * Single-flight between gateways: one of them takes the lease and judges, the others look again and again for
 * what comes of it, within their own deadlines. When the one that judges dies or gives up, another takes over;
 * without Redis each goes alone.
 */
export interface OnceOptions {
  readonly key: string;
  readonly leases: Leases;
  readonly clock: Pick<Clock, 'after'>;
  /** A label that is there by now; null when there is none. */
  look(): Promise<RoutingResult | null>;
  /** Judges; `written` resolves when `look` of the others finds the label, null when it is not kept. */
  judge(): Promise<{ readonly result: RoutingResult; readonly written: Promise<void> | null }>;
}

export type OnceResult =
  | { readonly type: 'judged'; readonly result: RoutingResult }
  /** Another gateway judged, at its cost. */
  | { readonly type: 'shared'; readonly result: RoutingResult }
  /** The call was aborted while another gateway judged. */
  | { readonly type: 'left' };

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 100;

export async function judgeOnce(options: OnceOptions, { signal }: Call): Promise<OnceResult> {
  const { key, leases } = options;
  for (;;) {
    if (signal.aborted) return { type: 'left' };
    const taken = await leases.take(key);
    if (taken.type === 'away') return { type: 'judged', result: (await options.judge()).result };
    // The one before may have ended between our look and our lease.
    const there = await options.look();
    if (taken.type === 'mine') {
      if (there === null) return judgeUnder(options, taken.lease, signal);
      void taken.lease.end(null);
      return { type: 'shared', result: there };
    }
    const result = there ?? (await follow(options, taken.holder, signal));
    if (result !== null) return { type: 'shared', result };
  }
}

/** The answer goes out at once; the lease ends when the label can be found. */
async function judgeUnder({ judge }: OnceOptions, lease: Lease, signal: AbortSignal): Promise<OnceResult> {
  try {
    const { result, written } = await judge();
    if (written === null) void lease.end(signal.aborted || isCutShort(result) ? null : asJudged(result));
    else void written.then(() => lease.end(null));
    return { type: 'judged', result };
  } catch (error) {
    void lease.end(null);
    throw error;
  }
}

/** Where it came from here is nothing to others: they get it from us. */
function asJudged({ reuse: _reuse, ...result }: RoutingResult): RoutingResult {
  return result;
}

/** What was cut short says nothing to those who have more time. */
export function isCutShort({ end }: RoutingResult): boolean {
  return (
    end.type === 'failed' && (end.problem.code === 'deadline_exceeded' || end.problem.code === 'cancelled')
  );
}

/** What came of another one's flight; null when it ended without a word, or ours is over. */
async function follow(
  { key, leases, clock, look }: OnceOptions,
  holder: string,
  signal: AbortSignal,
): Promise<RoutingResult | null> {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    await rest(pause, clock, signal);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
    const state = await leases.watch(key, holder);
    if (state.type === 'landed') return state.result;
    // Its label is written before its lease ends.
    if (state.type !== 'flying') return state.type === 'gone' ? look() : null;
  }
  return null;
}

function rest(ms: number, clock: Pick<Clock, 'after'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const stop = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
