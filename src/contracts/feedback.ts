import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Call } from './call.ts';
import type { GenerationRouter } from './difficulty.ts';

/** An item as it came in: read, or with the reason why it cannot be judged. */
export type ItemInput =
  | { readonly ok: true; readonly item: Item }
  | {
      readonly ok: false;
      readonly id: string;
      readonly problem: Problem;
      readonly metadata: Readonly<Record<string, unknown>>;
      /** Probability with which sampling would have let it in; absent where nothing was drawn. */
      readonly inclusion?: number;
    };

/** The use case, for every kind of feedback: items in, verdicts out, in the same order, one each, whatever happens. */
export interface FeedbackService {
  /** Throws `not_found` for a policy that there is not, `invalid_request` for one that does not do the task. */
  judge(task: Task, policy: string, items: readonly ItemInput[], call: Call): Promise<readonly Verdict[]>;
}

/** What the surfaces need to know of a policy. */
export interface PolicyInfo {
  readonly name: string;
  /** Kinds of feedback that it gives. */
  readonly tasks: readonly Task[];
  /** Engines of its tiers, cheap to strong: plain generations for `assay/<policy>` try them in this order. */
  readonly engines: readonly string[];
  /** Chooses by difficulty where a plain generation begins; absent, it begins with the cheapest engine. */
  readonly generation?: GenerationRouter;
  /** Time that a synchronous request may take, in milliseconds. */
  readonly deadlineMs: number;
  /** Candidates of a group where the surface cannot say it, in [2, 64]; absent, such a surface is not served. */
  readonly cohortSize?: number;
}
