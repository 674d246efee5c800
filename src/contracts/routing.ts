import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { AnyJudgment, Judgment } from '../domain/judgment.ts';
import type { Reuse, TierDecision, TrailEntry } from '../domain/verdict.ts';
import type { Call } from './call.ts';
import type { Judge } from './judge.ts';

/** One step of a cascade, cheap tiers first. */
export interface Tier<J extends AnyJudgment = Judgment> {
  readonly name: string;
  readonly judge: Judge<J>;
  readonly rule: AcceptanceRule<J>;
}

/**
 * Decides whether a judgment is final. The plug point for certificates: a rule sees the item,
 * so it can choose by stratum, and it says under which certificate it accepted.
 */
export interface AcceptanceRule<J extends AnyJudgment = Judgment> {
  decide(judgment: J, item: Item): Acceptance;
}

export interface Acceptance {
  readonly accept: boolean;
  readonly certificate: string | null;
  /** One clause for the trail, such as `confidence 0.93 >= 0.90`. */
  readonly reason: string;
}

/** How the tiers ended for one item. */
export interface RoutingResult<J extends AnyJudgment = Judgment> {
  readonly end: RoutingEnd<J>;
  readonly trail: readonly TrailEntry[];
  readonly decisions: readonly TierDecision[];
  /** P(the small judge is refused or disagrees), estimated before any call; null until it is learned. */
  readonly difficulty: number | null;
  /** Probability with which the item was to be judged to the end, in (0, 1]. */
  readonly inclusion: number;
  /** How another one's judgment came to answer; absent when judges were asked for this item. */
  readonly reuse?: Reuse;
}

/** Why a label was released: proven, the reference's own, or by a plain threshold that proves nothing. */
export type AcceptanceBasis = 'certificate' | 'reference' | 'threshold';

export type RoutingEnd<J extends AnyJudgment = Judgment> =
  | {
      readonly type: 'accepted';
      readonly tier: string;
      readonly judgment: J;
      readonly certificate: string | null;
      readonly basis: AcceptanceBasis;
    }
  /** The last tier judged but its rule did not accept. */
  | { readonly type: 'abstained'; readonly tier: string; readonly judgment: J }
  /** The last tier gave no judgment. */
  | { readonly type: 'failed'; readonly problem: Problem };

/** Which judges see an item, in which order, and when to stop. */
export interface Router<J extends AnyJudgment = Judgment> {
  /** `verdictId` names the verdict that this will be, so that evidence about it can be found later. */
  route(item: Item, call: Call, verdictId: string): Promise<RoutingResult<J>>;
}
