import type { Clock, Random } from '../contracts/clock.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { CallsUnderWay } from './calls-under-way.ts';
import { pause } from './pause.ts';
import type { Slots } from './slots.ts';

export interface TrialTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly slots: Slots;
}

/** What may end the work on an item. */
export interface TrialControl {
  /** Aborted: try no further; a call under way goes on. */
  readonly halt: AbortSignal;
  /** Those of the shard; a call that is dropped gives no answer. */
  readonly underWay: CallsUnderWay;
}

export interface Trial<Answer> {
  /** One call; null when it was dropped. */
  ask(): Promise<Answer | null>;
  /** Of the failure; null when there is none. */
  codeOf(answer: Answer): ErrorCode | null;
  /** The later answer with what the earlier ones cost. */
  join(before: Answer, later: Answer): Answer;
}

/** Nobody could take the call: it cost nothing, and a job has time. */
const WAITED_FOR: ReadonlySet<ErrorCode> = new Set([
  'engine_unavailable',
  'overloaded',
  'draining',
  'rate_limited',
]);
/** What may go well another time. */
const TRIED_AGAIN: ReadonlySet<ErrorCode> = new Set([
  'engine_error',
  'engine_corrupt',
  'deadline_exceeded',
  'cancelled',
  'internal',
]);
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Asks for one item, again where that can help: a job outlasts an outage of its engines. The slot that the
 * caller took is free while it waits. Null when it was halted or dropped before there was an answer: then the
 * item has no end yet.
 */
export async function tryItem<Answer>(
  trial: Trial<Answer>,
  { halt, underWay }: TrialControl,
  tools: TrialTools,
): Promise<Answer | null> {
  let sofar: Answer | null = null;
  for (let asked = 1, waits = 0; ;) {
    const answer = underWay.isDropped ? null : await trial.ask();
    if (answer === null || underWay.isDropped) return null;
    sofar = sofar === null ? answer : trial.join(sofar, answer);
    const code = trial.codeOf(sofar);
    if (code === null) return sofar;
    const isWaiting = WAITED_FOR.has(code);
    if (!isWaiting && (!TRIED_AGAIN.has(code) || asked >= MOST_TRIES)) return sofar;
    if (!isWaiting) asked += 1;
    waits += 1;
    if (!(await waitOutside(pauseMs(waits, tools.random), halt, tools))) return null;
  }
}

/** False when it was halted; the slot is held again either way. */
async function waitOutside(ms: number, halt: AbortSignal, { clock, slots }: TrialTools): Promise<boolean> {
  slots.give();
  await pause(clock, ms, halt);
  if (await slots.take(halt)) return true;
  // The caller gives a slot back in any case: this one is owed.
  await slots.take(new AbortController().signal);
  return false;
}

function pauseMs(waits: number, random: Random): number {
  const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (waits - 1));
  return bound / 2 + (bound / 2) * random.uniform();
}
