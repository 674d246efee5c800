import type { CallStarter } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { FeedbackService, ItemInput } from '../contracts/feedback.ts';
import { addCosts } from '../domain/cost.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { CallsUnderWay } from './calls-under-way.ts';
import { pause } from './pause.ts';
import type { Slots } from './slots.ts';

export interface TrialTools {
  /** As the configuration is now. */
  readonly feedback: () => FeedbackService;
  readonly calls: CallStarter;
  readonly clock: Clock;
  readonly random: Random;
  readonly slots: Slots;
  readonly itemTimeoutMs: number;
}

export interface Trial {
  readonly jobId: string;
  readonly team: string;
  readonly task: Task;
  readonly policy: string;
  readonly input: ItemInput;
  /** Aborted: try no further; a call under way goes on. */
  readonly halt: AbortSignal;
  /** Those of the shard; a call that is dropped gives no verdict. */
  readonly underWay: CallsUnderWay;
}

/** Nobody could take the call: it cost nothing, and a job has time. */
const WAITED_FOR: ReadonlySet<ErrorCode> = new Set(['engine_unavailable', 'overloaded', 'draining']);
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
 * Judges one item, again where that can help: a job outlasts an outage of its engines. The slot that the
 * caller took is free while it waits. Null when it was halted or dropped before there was an answer: then the
 * item has no end yet. All tries are in the trail and in the cost.
 */
export async function tryItem(trial: Trial, tools: TrialTools): Promise<Verdict | null> {
  let sofar: Verdict | null = null;
  for (let asked = 1, waits = 0; ;) {
    const verdict = await judgeOnce(trial, tools);
    if (verdict === null || trial.underWay.isDropped) return null;
    sofar = sofar === null ? verdict : joined(sofar, verdict);
    const code = sofar.problem?.code;
    if (code === undefined) return sofar;
    const isWaiting = WAITED_FOR.has(code);
    if (!isWaiting && (!TRIED_AGAIN.has(code) || asked >= MOST_TRIES)) return sofar;
    if (!isWaiting) asked += 1;
    waits += 1;
    if (!(await waitOutside(pauseMs(waits, tools.random), trial.halt, tools))) return null;
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

async function judgeOnce(
  { jobId, team, task, policy, input, underWay }: Trial,
  { feedback, calls, itemTimeoutMs }: TrialTools,
): Promise<Verdict | null> {
  if (underWay.isDropped) return null;
  const { call, cancel, end } = calls.start({
    requestId: jobId,
    team,
    timeoutMs: itemTimeoutMs,
    class: 'batch',
  });
  try {
    const [verdict] = await underWay.run(cancel, () => feedback().judge(task, policy, [input], call));
    return verdict ?? null;
  } finally {
    end();
  }
}

/** The later answer with what the earlier ones cost. */
function joined(before: Verdict, verdict: Verdict): Verdict {
  return {
    ...verdict,
    cost: addCosts([before.cost, verdict.cost]),
    trail: [...before.trail, ...verdict.trail],
    decisions: [...before.decisions, ...verdict.decisions],
  };
}
