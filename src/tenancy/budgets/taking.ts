import type { LimitObserver } from '../../contracts/budgets.ts';
import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { GatewayError } from '../../domain/errors.ts';
import type { Held, Refusal } from './account.ts';
import type { Running, Taking } from './accounts.ts';
import { refusalOf } from './refusal.ts';

/** An amount that was had. */
export type Had = readonly [Taking, Held];

/** What of a call tells how long it may wait. */
export type Waits = Pick<Call, 'class' | 'signal' | 'deadline'>;

interface Told {
  readonly clock: Clock;
  readonly observer?: LimitObserver | undefined;
}

/** All at once and without waiting, or nothing. */
export function tryAll(takings: readonly Taking[]): readonly Had[] | null {
  const had: Had[] = [];
  for (const taking of takings) {
    const held = taking.running.account.tryTake(taking.amount);
    if (held === null) {
      giveBack(had);
      return null;
    }
    had.push([taking, held]);
  }
  return had;
}

/** Waits for what may come back, or for the next period where that helps. `wanted` is asked anew for each period. */
export async function takeAll(
  waits: Waits,
  wanted: () => readonly Taking[],
  { clock, observer }: Told,
): Promise<readonly Had[] | GatewayError> {
  for (;;) {
    const had: Had[] = [];
    const refused = await takeInOrder(wanted(), had, waits.signal);
    if (refused === null) return had;
    giveBack(had);
    const { running, why } = refused;
    const leftMs = running.account.period.end - clock.now();
    if (!mayBeHeld(waits, why, leftMs, clock)) {
      if (why === 'spent') observer?.refused(running.owner, running.budget.unit);
      return refusalOf({ ...running, why, leftMs });
    }
    if (await isAbortedWithin(Math.max(1, leftMs), waits.signal, clock)) {
      return refusalOf({ ...running, why: { error: waits.signal.reason }, leftMs });
    }
  }
}

function giveBack(had: readonly Had[]): void {
  for (const [{ running }, held] of had) running.account.settle(held, 0);
}

/** Always in the same order, so that none waits for another in a circle. Null when all were had. */
async function takeInOrder(
  takings: readonly Taking[],
  had: Had[],
  signal: AbortSignal,
): Promise<{ readonly running: Running; readonly why: Refusal } | null> {
  for (const taking of takings) {
    const { running, amount } = taking;
    const taken = await running.account.take(amount, signal);
    if (!taken.ok) return { running, why: taken.why };
    had.push([taking, taken.held]);
  }
  return null;
}

/** Where nobody waits in person, waiting for the next period is better than a refusal. */
function mayBeHeld(waits: Waits, why: Refusal, leftMs: number, clock: Clock): boolean {
  const isPatient = waits.class === 'trainer' || waits.class === 'batch';
  // A period that has ended while the call waited is no reason to refuse it.
  return why === 'spent' && (leftMs <= 0 || (isPatient && leftMs < waits.deadline - clock.monotonic()));
}

function isAbortedWithin(ms: number, signal: AbortSignal, clock: Clock): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const leave = (): void => {
      cancel();
      resolve(true);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', leave);
      resolve(false);
    });
    signal.addEventListener('abort', leave, { once: true });
  });
}
