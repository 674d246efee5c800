import type { EvaluationTask, JudgedItem } from '../contracts/evaluation.ts';
import type { Interval } from '../statistics/binomial.ts';
import type { JudgeProfile } from './judge-profile.ts';
import type { Labellings } from './labellings.ts';
import type { ConfidenceQuality } from './measures.ts';
import type { RoutingQuality } from './routing-measures.ts';

/** All figures of an evaluation, before they become tables, plots or JSON. Shares are in [0, 1]. */
export interface Evaluation {
  readonly task: EvaluationTask;
  readonly items: readonly JudgedItem[];
  readonly labellings: Labellings;
  /** The policy first, then its baselines. */
  readonly rows: readonly LabellerRow[];
  readonly served: Served;
  readonly policyConfidence: ConfidenceQuality;
  readonly confidence: readonly { readonly name: string; readonly quality: ConfidenceQuality }[];
  readonly profiles: readonly JudgeProfile[];
  readonly routing: { readonly reference: RoutingQuality | null; readonly gold: RoutingQuality | null };
  /** Agreement with gold from few gold labels; null when that does not apply. */
  readonly powered: {
    readonly interval: Interval;
    readonly labelled: number;
    readonly others: number;
  } | null;
}

/** One way of labelling. */
export interface LabellerRow {
  readonly name: string;
  readonly coverage: Interval | null;
  readonly agreement: Interval | null;
  readonly kappa: Interval | null;
  readonly gold: Interval | null;
  /** Null where no money is known. */
  readonly nanoUsdPerLabel: number | null;
  /** Over the cost of always asking the last tier. */
  readonly relativeCost: number | null;
}

/** How the policy served the items. */
export interface Served {
  readonly smallShare: Interval | null;
  readonly abstained: Interval | null;
  /** Items without a label that did not abstain. */
  readonly failed: number;
  /** P(served by the first tier and not the reference's label). */
  readonly marginalRisk: Interval | null;
  /** P(not the reference's label | served by the first tier). */
  readonly selectiveRisk: Interval | null;
  /** Labels released under a certificate, and what everything cost for each of them. */
  readonly certified: number;
  readonly nanoUsdPerCertified: number | null;
  readonly tiers: readonly {
    readonly tier: string;
    readonly labels: number;
    readonly latency: readonly [number, number] | null;
  }[];
}
