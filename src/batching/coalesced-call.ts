import type {
  DistributionReply,
  DistributionRequest,
  EngineFailure,
  LabelBatches,
  Replica,
} from '../contracts/engine.ts';
import { isServerError } from '../domain/errors.ts';
import { sharedCallOf } from './shared-call.ts';
import type { SharedQuestion } from './shared-question.ts';

/** A label question that waits for its engine call or is out with it. */
export type CoalescedQuestion = SharedQuestion<DistributionRequest, DistributionReply>;

/** What the calls of coalesced questions are made with. */
export interface SharedAccess {
  readonly replica: Pick<Replica, 'distribution'>;
  readonly batches: LabelBatches;
}

/**
 * Asks questions together and ends every one of them. A call that failed for what may be one question's doing
 * is halved until that one stands alone, so that it costs the others some time and nothing else. An engine that
 * fails both halves is sick, not fed a bad item: then each question gets its failure, and whoever asked decides
 * about another attempt. That bounds the extra calls: 2 for a sick engine, 2 log2(n) for one bad item in n.
 */
export async function askTogether(
  access: SharedAccess,
  questions: readonly CoalescedQuestion[],
): Promise<void> {
  const failure = await attempt(access, questions);
  if (failure !== null) await halve(access, questions, failure);
}

async function halve(
  access: SharedAccess,
  questions: readonly CoalescedQuestion[],
  failure: EngineFailure,
): Promise<void> {
  const open = questions.filter((question) => question.isOpen);
  // One that is left of several is asked alone too: the failure may have been about those that left.
  if (!mayBeOneItem(failure)) return endAll(open, failure);
  if (open.length === 0) return;
  const middle = Math.ceil(open.length / 2);
  const halves = [open.slice(0, middle), open.slice(middle)];
  const failures = await Promise.all(halves.map((half) => attempt(access, half)));
  const isSick = failures.every((each) => each !== null && !isRefusal(each));
  await Promise.all(
    halves.map(async (half, side) => {
      const own = failures[side] ?? null;
      if (own === null) return;
      if (isSick) endAll(half, own);
      else await halve(access, half, own);
    }),
  );
}

/** One call. Null when every question has its answer; a question alone gets even its failure. */
async function attempt(
  { replica, batches }: SharedAccess,
  questions: readonly CoalescedQuestion[],
): Promise<EngineFailure | null> {
  const open = questions.filter((question) => question.isOpen);
  const [first] = open;
  if (first === undefined) return null;
  for (const question of open) question.isOut = true;
  try {
    if (open.length === 1) {
      const answer = await replica.distribution(first.request, first.call);
      first.end(answer);
      return answer.ok ? null : answer.failure;
    }
    const { call, done } = sharedCallOf(open, first.call);
    const result = await batches.ask(
      open.map(({ request }) => request),
      call,
    );
    done();
    if (!result.ok) return result.failure;
    for (const [place, question] of open.entries()) {
      const answer = result.value[place];
      if (answer === undefined) throw new Error('an engine adapter left a question without its answer');
      question.end(answer.ok ? { ok: true, value: { ...answer.value, coalesced: open.length } } : answer);
    }
  } catch (error) {
    for (const question of open) question.break(error);
  }
  return null;
}

function endAll(questions: readonly CoalescedQuestion[], failure: EngineFailure): void {
  for (const question of questions) question.end({ ok: false, failure });
}

/** The engine lives and says what is wrong with the request. */
function isRefusal({ code }: EngineFailure): boolean {
  return code === 'engine_rejected' || code === 'context_overflow';
}

/** A refusal, a 500 or a long reply may be about one item of many; a dead, busy or broken engine is about none. */
function mayBeOneItem(failure: EngineFailure): boolean {
  if (failure.blamesReplica) return false;
  return isRefusal(failure) || isServerError(failure.code);
}
