import type { CritiqueJudgment } from './critique.ts';
import type { Cost } from './cost.ts';
import type { LogprobRoute, PreferenceProbabilities } from './distribution.ts';
import type { Problem } from './errors.ts';
import type { Order, Side } from './item.ts';
import type { Outcome } from './outcome.ts';
import type { RankingResult } from './ranking.ts';
import type { ScoreJudgment } from './score.ts';
import type { Task } from './task.ts';

/** One call of one judge, for a pair in one order: who was asked, what it said, what it cost, why it did not end there. */
export interface TrailEntry {
  readonly tier: string;
  readonly judge: string;
  readonly engine: string;
  readonly model: string;
  /** Precision of the weights as configured; a quantised variant is a judge of its own. */
  readonly precision: string | null;
  /** Replica that answered, as `<engine>/<number>`; null when none was reached. */
  readonly replica: string | null;
  /** Why this replica, as a clause such as `affinity`; null when none was reached. */
  readonly pick: string | null;
  /** Engine calls that were made, failed ones and hedges included; 0 when none was reached. */
  readonly attempts: number;
  /** Questions that shared the engine call which answered; 1 for a call of its own, null when none answered. */
  readonly coalesced: number | null;
  /** Template as `name@version`. */
  readonly prompt: string;
  /** Null where no two responses were shown. */
  readonly order: Order | null;
  /** What it was about where one item needs several: a criterion, `critique 2`, a pair such as `0 3`; or its place in a prompt of several, `item 2 of 4`. */
  readonly part?: string;
  /** What the judge wrote before it answered, cut at a bound; there only where the item asks for it. */
  readonly reasons?: string;
  /** P(the response shown first is better), given that a label was said; null when nothing was read. */
  readonly pFirst: number | null;
  readonly pTie: number | null;
  readonly labelMass: number | null;
  readonly route: LogprobRoute | null;
  /** The engine's own fingerprint of its build and settings; null when it gives none. */
  readonly fingerprint: string | null;
  readonly cost: Cost;
  /** Part of the cost for attempts that did not answer, in nano-dollars; absent for none. */
  readonly retryNanoUsd?: number;
  /** Time at the engine. */
  readonly ms: number;
  /** Milliseconds that the call waited in the queue before the engine; 0 when a place was free. */
  readonly queuedMs: number;
  readonly problem: Problem | null;
}

/** Why the cascade did not stop at this tier, or why it did. */
export interface TierDecision {
  readonly tier: string;
  readonly accepted: boolean;
  /** For example `confidence 0.93 >= 0.90`. */
  readonly reason: string;
}

/**
 * Facts a user may want to filter by; none of them changes the label. `evidence_dropped`: a quote of a critique
 * is not in the response; `self_judged`: the judge's own model family wrote a candidate; `incomplete`: comparisons
 * of a ranking failed or candidates of its cohort did not come, the rewards rest on the others.
 */
export type Flag =
  | 'position_inconsistent'
  | 'censored_logprobs'
  | 'single_order'
  | 'uncertified'
  | 'evidence_dropped'
  | 'incomplete'
  | 'self_judged';

/**
 * How another one's judgment answers an item, at no cost: kept from an equal item, kept from the item with its
 * candidates exchanged, made for an equal item that was asked at the same time, or kept from a similar item.
 */
export type Reuse = 'exact' | 'flipped' | 'shared' | 'semantic';

/** Whether it was bought earlier: who shares a judgment under way waits for it like everybody. */
export function isFromStore(reuse: Reuse | null | undefined): boolean {
  return reuse === 'exact' || reuse === 'flipped' || reuse === 'semantic';
}

export type Label = Side | 'tie';

/** What a verdict carries that is not a label; its kind goes with the task. */
export type FeedbackResult =
  | ({ readonly kind: 'score' } & Pick<ScoreJudgment, 'score' | 'criteria'>)
  | ({ readonly kind: 'critique' } & Pick<CritiqueJudgment, 'steps' | 'improvement'>)
  | ({ readonly kind: 'ranking' } & RankingResult);

/**
 * Assay's answer for one item, of any task. Preferences have a label with its probabilities; `label` is null
 * unless the outcome is `ok` or `tie`. The other tasks have a `result` instead when the outcome is `ok`.
 * Probabilities and confidence are in [0, 1]; null when nothing was judged.
 */
export interface Verdict {
  readonly id: string;
  readonly itemId: string;
  readonly task: Task;
  readonly outcome: Outcome;
  /** Absent for preferences, and for an item that ended without one. */
  readonly result?: FeedbackResult;
  readonly label: Label | null;
  readonly probabilities: PreferenceProbabilities | null;
  readonly confidence: number | null;
  /** Id of the certificate under which the label was accepted; null while a plain threshold decides. */
  readonly certificate: string | null;
  /** P(the small judge is refused or disagrees), estimated before any call; null until it is learned. */
  readonly difficulty: number | null;
  /** Name of the tier whose judgment is the verdict; null when none is. */
  readonly tier: string | null;
  /** Answered by a label that was bought earlier: `cache` is `exact`, `flipped` or `semantic`. */
  readonly cached: boolean;
  readonly cache: Reuse | null;
  readonly cost: Cost;
  /** Probability with which sampling let this item in, in (0, 1]. */
  readonly inclusionProbability: number;
  readonly flags: readonly Flag[];
  readonly trail: readonly TrailEntry[];
  readonly decisions: readonly TierDecision[];
  readonly problem: Problem | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}
