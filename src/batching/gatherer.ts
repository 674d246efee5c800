import type { Call, EngineTime } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { AskTogether, Gatherer } from '../contracts/gathering.ts';
import { sharedCallOf } from './shared-call.ts';
import { SharedQuestion } from './shared-question.ts';
import { type RoomLimits, WaitingRoom } from './waiting-room.ts';

/**
 * Gathers questions for a prompt that asks several. It knows neither prompts nor answers: it brings questions
 * with equal keys together, gives them one call that lasts while one of them is waited for, and lets each end by
 * itself. A question waits for company no longer than the window.
 */
export function createGatherer<Q, A>(
  limits: RoomLimits,
  ask: AskTogether<Q, A>,
  clock: Clock,
): Gatherer<Q, A> {
  const room = new WaitingRoom<SharedQuestion<Q, A>>(clock, (questions) => void askAll(questions, ask));
  return {
    ask(request, { key, tokens }, call) {
      const question = new SharedQuestion<Q, A>(request, call, tokens);
      if (question.isOpen) room.join(key, question, limits);
      return question.answer;
    },
  };
}

async function askAll<Q, A>(
  questions: readonly SharedQuestion<Q, A>[],
  ask: AskTogether<Q, A>,
): Promise<void> {
  const [first] = questions;
  if (first === undefined) return;
  for (const question of questions) question.isOut = true;
  const { call, done } = sharedCallOf(questions, first.call);
  try {
    await ask(questions, { ...call, ...timesOf(questions) });
  } catch (error) {
    for (const question of questions) question.break(error);
  } finally {
    done();
  }
}

/** Whoever measures engine time measures that of the shared call, each once. */
function timesOf(questions: readonly { readonly call: Call }[]): Pick<Call, 'engineTime'> {
  const times = new Set<EngineTime>();
  for (const { call } of questions) if (call.engineTime !== undefined) times.add(call.engineTime);
  if (times.size === 0) return {};
  return {
    engineTime: {
      began: () => times.forEach((time) => time.began()),
      ended: () => times.forEach((time) => time.ended()),
    },
  };
}
