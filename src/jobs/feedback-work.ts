import type { CallStarter } from '../contracts/call.ts';
import type { FeedbackService, ItemInput } from '../contracts/feedback.ts';
import type { ClaimedShard, PendingItem } from '../contracts/job-store.ts';
import { addCosts } from '../domain/cost.ts';
import type { Problem } from '../domain/errors.ts';
import { isCallWork } from '../domain/job.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { CallsUnderWay } from './calls-under-way.ts';
import { type TrialTools, tryItem } from './item-trial.ts';
import type { ItemWork } from './item-work.ts';

export interface FeedbackTools extends TrialTools {
  /** As the configuration is now. */
  readonly feedback: () => FeedbackService;
  readonly calls: CallStarter;
  readonly itemTimeoutMs: number;
}

/** Items that are judged: an end is a verdict. All tries are in its trail and in its cost. */
export function createFeedbackWork(claimed: ClaimedShard, tools: FeedbackTools): ItemWork {
  const judge = judgeOf(claimed, tools);
  return {
    async judge({ n, input }, control) {
      const trial = {
        ask: async () => (await judge([asItem(input)], control.underWay))[0] ?? null,
        codeOf: ({ problem }: Verdict) => problem?.code ?? null,
        join: joined,
      };
      const verdict = await tryItem(trial, control, tools);
      return verdict === null ? null : { n, verdict };
    },
    async end(items, problem) {
      const verdicts = await judge(items.map((item) => endedInput(item, problem)));
      return items.flatMap(({ n }, index) => {
        const verdict = verdicts[index];
        return verdict === undefined ? [] : [{ n, verdict }];
      });
    },
  };
}

type Judge = (inputs: readonly ItemInput[], underWay?: CallsUnderWay) => Promise<readonly Verdict[]>;

function judgeOf(
  { lease, team, task: work, policy }: ClaimedShard,
  { feedback, calls, itemTimeoutMs }: FeedbackTools,
): Judge {
  const task = asTask(work);
  return async (inputs, underWay) => {
    const about = { requestId: lease.jobId, team, timeoutMs: itemTimeoutMs, class: 'batch' as const };
    const { call, cancel, end } = calls.start(about);
    const judge = (): Promise<readonly Verdict[]> => feedback().judge(task, policy, inputs, call);
    try {
      return await (underWay === undefined ? judge() : underWay.run(cancel, judge));
    } finally {
      end();
    }
  };
}

function asTask(work: ClaimedShard['task']): Task {
  if (isCallWork(work)) throw new Error('lines of a batch are not judged');
  return work;
}

function asItem(input: PendingItem['input']): ItemInput {
  if (!('ok' in input)) throw new Error('a job of feedback has a line of a batch');
  return input;
}

/** An item that is answered with this problem; one that could not be read stays so. */
function endedInput({ input }: PendingItem, problem: Problem): ItemInput {
  const item = asItem(input);
  if (!item.ok) return item;
  const { id, metadata } = item.item;
  return { ok: false, id, metadata, problem };
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
