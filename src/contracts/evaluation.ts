import type { Refusal, RiskKind } from './certificate.ts';
import type { Usage } from '../domain/cost.ts';
import type { Item } from '../domain/item.ts';
import type { Judgment } from '../domain/judgment.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Label } from '../domain/verdict.ts';

/**
 * What the evaluating commands and the room `evaluation` say to each other: judged items in, reports out.
 */

/** An item with all that is known of it: its texts, its gold label, what judges and a policy said. */
export interface JudgedItem {
  readonly id: string;
  /** Line of the file that it came from, from 1. */
  readonly line: number;
  /** Items of one prompt share it: they are resampled together and never split. */
  readonly group: string;
  /** Null where the file holds judgments without texts. */
  readonly item: Item | null;
  /** What a person (or whoever is trusted) said; null when nobody did. */
  readonly gold: Label | null;
  /** By the judge's name; a judge that failed or was not asked is not in it. */
  readonly opinions: ReadonlyMap<string, Opinion>;
  /** What a policy made of it; null when none was asked. */
  readonly verdict: PolicyAnswer | null;
}

/** What one judge said of one item, and what that took. */
export interface Opinion {
  readonly judgment: Judgment;
  /** Nano-dollars; null when it is not known, as in recorded judgments. */
  readonly nanoUsd: number | null;
  /** Null when it is not known for this judge alone. */
  readonly usage: Usage | null;
  /** Milliseconds until its last order had answered; null when it is not known. */
  readonly ms: number | null;
  /** Who it was, as far as the trail tells: model, precision, prompt; null for recorded judgments. */
  readonly identity: JudgeIdentity | null;
}

export interface JudgeIdentity {
  readonly engine: string;
  readonly model: string;
  readonly precision: string | null;
  /** Template as `name@version`. */
  readonly prompt: string;
  readonly route: string | null;
  readonly fingerprint: string | null;
}

/** How a policy answered for an item. */
export interface PolicyAnswer {
  readonly outcome: Outcome;
  readonly label: Label | null;
  /** In [0, 1]; null when nothing was judged. */
  readonly confidence: number | null;
  /** Name of the tier whose judgment it is; null when none is. */
  readonly tier: string | null;
  readonly certificate: string | null;
  readonly nanoUsd: number | null;
  readonly ms: number | null;
}

/** With whom a label should agree: a judge by name, or the gold labels of the file. */
export type Reference = { readonly type: 'judge'; readonly name: string } | { readonly type: 'gold' };

/** How intervals are drawn: percentile bootstrap over prompts. */
export interface Resampling {
  /** Resamples, >= 100. */
  readonly resamples: number;
  /** Whole number; the same seed gives the same intervals. */
  readonly seed: number;
}

/** A table as text, right for a terminal and for a page. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly align?: 'left' | 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

/** What a command found: for people as tables and as one HTML page, for programs as figures. */
export interface Report {
  readonly title: string;
  readonly tables: readonly ReportTable[];
  /** What a reader must know to read the tables rightly, one sentence each. */
  readonly notes: readonly string[];
  /** Plain data that goes to JSON as it is; intervals are `{value, low, high}`. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Self-contained page with all tables and plots. */
  readonly html: string;
}

/** A pair with an attack in the response that a judge called worse. */
export interface AttackedItem {
  readonly id: string;
  readonly attack: string;
  readonly carrier: string;
  /** The response with the attack in it. */
  readonly side: 'a' | 'b';
  readonly prompt: Item['prompt'];
  readonly candidates: readonly string[];
}

export interface InjectionTask {
  readonly source: string;
  readonly judges: readonly {
    readonly judge: string;
    readonly attacked: readonly AttackedItem[];
    /** What the judge said then, by the id of the attacked item; those that were not judged are not in it. */
    readonly labels: ReadonlyMap<string, Label>;
  }[];
}

/** Whose biases are asked for. */
export interface BiasTask extends Resampling {
  readonly source: string;
  /** Judges with the family of their models; null where it is not known. */
  readonly judges: readonly { readonly name: string; readonly family: string | null }[];
}

/** One judge with several prompt templates. */
export interface PromptBenchTask extends Resampling {
  readonly source: string;
  readonly judge: string;
  /** As `name@version`; the others are compared with the first. */
  readonly templates: readonly string[];
}

export interface ComparisonTask extends Resampling {
  /** Names of two judges. */
  readonly judges: readonly [string, string];
  /** File that the items came from, for the heading. */
  readonly source: string;
}

export interface EvaluationTask extends Resampling {
  readonly source: string;
  /** Name of the policy, or of the cascade that is played on recorded judgments. */
  readonly policy: string;
  /** Judges of its tiers, cheap to strong. */
  readonly tiers: readonly string[];
  readonly reference: Reference;
  /** Price of the first tier's judgment over that of the last; used where the items tell no costs. */
  readonly costRatio: number | null;
  /** What a semantic cache would have done to the items, to be told too. */
  readonly similar?: SimilarReplay;
}

/** What a semantic cache may do, see docs/caching.md. */
export interface SimilarPlan {
  /** Share of items that may get a wrong label, in (0, 1). */
  readonly maxError: number;
  /** Least similarity, in [0, 1). */
  readonly floor: number;
}

/** An item that had a similar one: whether its label was given, or would have been, rightly. */
export interface SimilarReuse {
  readonly similarity: number;
  readonly isGiven: boolean;
  readonly isRight: boolean;
}

/** A file's items as a semantic cache would have served them. */
export interface SimilarReplay extends SimilarPlan {
  /** All that were looked up: those with a label. */
  readonly items: number;
  /** Those of them that had a similar one, in order of time. */
  readonly found: readonly SimilarReuse[];
}

/** A cascade with a plain threshold, for playing on recorded judgments. */
export interface CascadePlan {
  /** Judges, cheap to strong. */
  readonly tiers: readonly string[];
  /** Confidence in [0, 1] at which a judgment of any tier but the last is final. */
  readonly acceptAt: number;
}

/** What is to be certified, from which judgments. */
export interface CalibrationTask extends Resampling {
  readonly source: string;
  readonly team: string;
  readonly policy: string;
  /** Judges that are to be trusted where they are sure, cheap to strong, without the reference. */
  readonly small: readonly string[];
  readonly reference: Reference;
  /** Share of released labels that are to be the reference's, in (0, 1). */
  readonly agreement: number;
  /** Probability with which that is to hold, in (0, 1). */
  readonly confidence: number;
  readonly risk: RiskKind;
  /** Share of the items that trains the score instead of certifying, in [0, 1); 0 takes built-in weights. */
  readonly train: number;
  /** Which items these are, as domain/stratum.ts names them; "all" when nothing splits them. */
  readonly stratum: string;
  /** Certificates that share 1 - confidence, this one included: one for each stratum. */
  readonly sharedBy: number;
  /** Share of the items below which a certificate is not worth its small calls, in [0, 1). */
  readonly minimumCoverage: number;
  /** Groups of items that will be evaluated later; none of them may certify. */
  readonly heldOut: readonly string[];
  /** Price of a small judgment over the reference's; null for what the items tell. */
  readonly costRatio: number | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What is to be certified from the observations of a running gateway; judges and reference are theirs. */
export type ObservedTask = Omit<CalibrationTask, 'small' | 'reference' | 'stratum' | 'heldOut'>;

/** What came of one stratum of a file. */
export interface StratumCalibration {
  readonly stratum: string;
  readonly items: number;
  readonly result: Calibration;
}

export type Calibration =
  | { readonly ok: true; readonly certificate: string; readonly report: Report }
  | { readonly ok: false; readonly refusal: Refusal };
