import type { FeedbackService, ItemInput } from '../../src/contracts/feedback.ts';
import type { Call } from '../../src/contracts/call.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { verdictWith } from './job-items.ts';

export interface ScriptedFeedback extends FeedbackService {
  /** Ids of the items that a judge was asked for, in order. */
  readonly asked: string[];
  readonly calls: Call[];
  mostAtOnce(): number;
  /** Answers wait until they are let go. */
  hold(): void;
  letGo(): void;
}

/** A verdict, or the code of its failure; `undefined` is a label. */
type Script = (id: string, nth: number) => ErrorCode | undefined;

/** Judges every item with `a` for 1,000 nano-dollars, unless the script says that it fails. */
export function scriptedFeedback(script: Script = () => undefined): ScriptedFeedback {
  const asked: string[] = [];
  const calls: Call[] = [];
  const times = new Map<string, number>();
  let atOnce = 0;
  let most = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const judgeOne = async (input: ItemInput, call: Call): Promise<Verdict> => {
    if (!input.ok) {
      const { cost } = verdictWith('');
      return {
        ...failed(input.id, input.problem.code),
        problem: input.problem,
        cost: { ...cost, nanoUsd: 0 },
      };
    }
    const { id } = input.item;
    asked.push(id);
    calls.push(call);
    times.set(id, (times.get(id) ?? 0) + 1);
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    const gone = new Promise<void>((resolve) =>
      call.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([gate.promise, gone]);
    atOnce -= 1;
    if (call.signal.aborted) return failed(id, 'cancelled');
    const code = script(id, times.get(id) ?? 0);
    return code === undefined ? verdictWith(id) : failed(id, code);
  };
  return {
    asked,
    calls,
    mostAtOnce: () => most,
    hold() {
      gate = Promise.withResolvers<void>();
    },
    letGo: () => gate.resolve(),
    judge: (_task, _policy, items, call) => Promise.all(items.map((item) => judgeOne(item, call))),
  };
}

const OUTCOMES: Partial<Record<ErrorCode, Verdict['outcome']>> = {
  invalid_request: 'invalid_item',
  cancelled: 'skipped',
  over_budget: 'over_budget',
  deadline_exceeded: 'timed_out',
};

function failed(id: string, code: ErrorCode): Verdict {
  const verdict = verdictWith(id, OUTCOMES[code] ?? 'engine_failed');
  return { ...verdict, problem: { code, message: 'scripted', param: null } };
}
