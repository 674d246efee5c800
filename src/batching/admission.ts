import type { Call, CallClass } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import type { QuestionKind } from '../contracts/resilience.ts';
import { abortProblem } from '../domain/errors.ts';
import type { Dispatcher, Place } from './dispatcher.ts';
import type { Ending } from './waiter.ts';

/** How a call came to its place, or why it has none. */
export type Admission =
  | { readonly ok: true; readonly place: Place; readonly queuedMs: number }
  | { readonly ok: false; readonly failure: EngineFailure; readonly queuedMs: number };

/** What the queue must know of a call that has to wait. */
export interface Need {
  readonly kind: QuestionKind;
  /** Tokens to compute and bytes to keep, both estimated. */
  readonly tokens: number;
  readonly bytes: number;
}

export interface AdmissionParts {
  readonly engine: string;
  readonly dispatcher: Dispatcher;
  readonly typicalMs: (kind: QuestionKind) => number | null;
  readonly clock: Clock;
}

/**
 * Waits for a place. A call ends early without one when its caller leaves, when it could not be answered in its
 * time any more, when the queue has no room for it, or, other than a trainer's, when it can be seen at once that
 * its turn comes too late: a trainer is held as long as its deadline allows.
 */
export async function awaitPlace(parts: AdmissionParts, need: Need, call: Call): Promise<Admission> {
  const { dispatcher, clock } = parts;
  const { team, signal, class: of = 'interactive' } = call;
  if (signal.aborted) return without(aborted(signal), 0);
  const neededMs = parts.typicalMs(need.kind) ?? 0;
  const since = clock.monotonic();
  const leftMs = call.deadline - since - neededMs;
  const expectedMs = dispatcher.expectedMs(team, of);
  if (of !== 'trainer' && expectedMs !== null && expectedMs > leftMs) {
    return without(lateRefusal(parts.engine, expectedMs, call.deadline - since), 0);
  }
  return new Promise((resolve) => {
    const leave = (failure: EngineFailure): void => {
      release();
      resolve(without(failure, clock.monotonic() - since));
    };
    const end = (how: Ending): void => {
      release();
      const queuedMs = clock.monotonic() - since;
      if (how === 'turn')
        resolve({ ok: true, place: dispatcher.placeOf(waiter), queuedMs: toMicros(queuedMs) });
      else resolve(without(how === 'closed' ? CLOSED : fullRefusal(parts, team, of), queuedMs));
    };
    const waiter = { team, class: of, tokens: need.tokens, bytes: need.bytes, since, end };
    const quit = (failure: EngineFailure): void => {
      dispatcher.leave(waiter);
      leave(failure);
    };
    const onAbort = (): void => quit(aborted(signal));
    const stopTimer = clock.after(Math.min(LONGEST_TIMER_MS, Math.max(0, leftMs)), () =>
      quit(tooLate(neededMs)),
    );
    const release = (): void => {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (!dispatcher.wait(waiter)) leave(fullRefusal(parts, team, of));
  });
}

/** Node's timers take no more; no deadline is that far away. */
const LONGEST_TIMER_MS = 2_147_483_647;

function without(failure: EngineFailure, queuedMs: number): Admission {
  return { ok: false, failure, queuedMs: toMicros(queuedMs) };
}

/** Milliseconds to a thousandth: more digits are noise that every reply would carry. */
function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function failed(code: EngineFailure['code'], message: string, retryAfterMs?: number): EngineFailure {
  const failure = { code, message, sent: false, blamesReplica: false } as const;
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

const CLOSED = failed('draining', 'the engine is being closed');

function aborted(signal: AbortSignal): EngineFailure {
  const { code, message } = abortProblem(signal.reason);
  return failed(code, message);
}

function tooLate(neededMs: number): EngineFailure {
  const why = neededMs === 0 ? '' : `; such a call takes some ${Math.ceil(neededMs)} ms`;
  return failed('deadline_exceeded', `the deadline passed before the engine had a place for the call${why}`);
}

function lateRefusal(engine: string, expectedMs: number, leftMs: number): EngineFailure {
  const message = `${seconds(expectedMs)} of work wait before the call at the engine "${engine}", and ${seconds(leftMs)} are left`;
  return failed('overloaded', message, waitOf(expectedMs));
}

function fullRefusal({ engine, dispatcher }: AdmissionParts, team: string, of: CallClass): EngineFailure {
  const message = `the queue of the engine "${engine}" is full for calls of class ${of} of this team`;
  return failed('overloaded', message, waitOf(dispatcher.expectedMs(team, of)));
}

const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** When to come again: SDKs ignore more than a minute. */
function waitOf(expectedMs: number | null): number {
  return Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, expectedMs ?? 0));
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}
