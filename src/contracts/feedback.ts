import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
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
    };

/** The use case: items in, verdicts out, in the same order, one each, whatever happens. */
export interface FeedbackService {
  preferences(policy: string, items: readonly ItemInput[], call: Call): Promise<readonly Verdict[]>;
}

/** What the surfaces need to know of a policy. */
export interface PolicyInfo {
  readonly name: string;
  /** Engines of its tiers, cheap to strong: plain generations for `assay/<policy>` try them in this order. */
  readonly engines: readonly string[];
  /** Chooses by difficulty where a plain generation begins; absent, it begins with the cheapest engine. */
  readonly generation?: GenerationRouter;
  /** Time that a synchronous request may take, in milliseconds. */
  readonly deadlineMs: number;
}
