import type { Outcome } from './outcome.ts';
import type { Task } from './task.ts';

/**
 * Rules of durable jobs. A job is a list of items that was promised an end for each: a label, or the reason
 * why there is none. It is worked on in shards, small runs of neighbouring items.
 */
export const JOB_STATES = [
  /** Its items are still coming in; it was promised to nobody. */
  'receiving',
  'queued',
  'running',
  'paused',
  /** Items without an end get one without being judged; see `StopReason`. */
  'stopping',
  'completed',
  'cancelled',
  'expired',
  'over_budget',
] as const;

export type JobState = (typeof JOB_STATES)[number];

/** Why the rest of a job is not judged: it names the state in which the job ends. */
export type StopReason = 'cancelled' | 'expired' | 'over_budget';

/** What is done with the items of a job: a kind of feedback, or calls of this gateway. */
export type JobWork = Task | CallWork;

/** The calls of an OpenAI batch, or the one call of a response in the background. */
export const CALL_WORKS = ['batch', 'response'] as const;
export type CallWork = (typeof CALL_WORKS)[number];

export function isCallWork(work: JobWork): work is CallWork {
  return work === 'batch' || work === 'response';
}

export const PRIORITIES = ['low', 'normal', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Acts that change how a job goes on. */
export const JOB_COMMANDS = ['cancel', 'pause', 'resume', 'retry-failed'] as const;
export type JobCommand = (typeof JOB_COMMANDS)[number];

/** Items by how they ended; those that did not end are in none. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

/** The state after a command; null when the command does not fit the state. What it asks for may hold already. */
export function stateAfter(command: JobCommand, state: JobState): JobState | null {
  return TRANSITIONS[command][state] ?? null;
}

const TRANSITIONS: Readonly<Record<JobCommand, Partial<Record<JobState, JobState>>>> = {
  cancel: {
    queued: 'stopping',
    running: 'stopping',
    paused: 'stopping',
    stopping: 'stopping',
    cancelled: 'cancelled',
  },
  pause: { queued: 'paused', running: 'paused', paused: 'paused' },
  resume: { paused: 'queued', queued: 'queued', running: 'running' },
  'retry-failed': {
    completed: 'queued',
    cancelled: 'queued',
    expired: 'queued',
    over_budget: 'queued',
  },
};

/** True when every item of the job has its end, and nothing is to come unless `retry-failed` asks for it. */
export function hasEnded(state: JobState): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'expired' || state === 'over_budget';
}

/** The state of a job whose last item just ended. */
export function endState(stopReason: StopReason | null): JobState {
  return stopReason ?? 'completed';
}

/**
 * Outcomes that `retry-failed` leaves as they are. Labels and abstentions are answers, and an item that cannot
 * be read stays so.
 */
export const NOT_RETRIED: ReadonlySet<Outcome> = new Set(['ok', 'tie', 'abstained', 'invalid_item']);
