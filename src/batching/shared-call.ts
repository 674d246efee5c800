import type { Call } from '../contracts/call.ts';
import type { Leavable } from './shared-question.ts';

/** The call of all: in the name of the first, until the last of their deadlines, or until all have left. */
export function sharedCallOf(questions: readonly Leavable[], first: Call): SharedCall {
  const controller = new AbortController();
  let waiting = questions.length;
  let isDone = false;
  let deadline = first.deadline;
  for (const question of questions) {
    deadline = Math.max(deadline, question.call.deadline);
    question.onLeave(() => {
      waiting -= 1;
      if (waiting === 0 && !isDone) controller.abort(question.call.signal.reason);
    });
  }
  return {
    call: { ...first, signal: controller.signal, deadline },
    done() {
      isDone = true;
    },
  };
}

export interface SharedCall {
  readonly call: Call;
  /** It is answered: nobody's leaving ends it any more. */
  done(): void;
}
