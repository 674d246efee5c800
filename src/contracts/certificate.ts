import type { JudgeKey } from '../domain/judge-key.ts';
import type { JudgeSignals } from '../domain/signals.ts';
import type { Label } from '../domain/verdict.ts';

/**
 * A certificate is a proven acceptance threshold for one chain of stages in one scope: "of all labels
 * released here, at least `agreement` are what the reference would have said, with `confidence`".
 * It is a value: made by `certify`, kept and exported as it is, applied by one pure decision.
 */
export interface Certificate {
  /** `crt_` and a hash of everything else in it: two certificates with one id say the same. */
  readonly id: string;
  readonly formatVersion: 1;
  readonly scope: CertificateScope;
  readonly target: CertificateTarget;
  /** `marginal`: errors over all items; `selective`: errors over accepted items, stricter. */
  readonly risk: RiskKind;
  /** Failure probability that this certificate used: its share of 1 - confidence. */
  readonly delta: number;
  /** Stages cheap to strong, without the reference. */
  readonly stages: readonly CertifiedStage[];
  /**
   * Log-odds of P(agree): the first stage whose score reaches this plus its margin is accepted. Not a
   * probability, because near 1 those round to the same number.
   */
  readonly threshold: number;
  readonly evidence: CertificateEvidence;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type RiskKind = 'marginal' | 'selective';

/** Where a certificate holds; anything that differs is another certificate. */
export interface CertificateScope {
  readonly team: string;
  readonly policy: string;
  readonly task: 'preference';
  /** Stable form of the stratum, see domain/stratum.ts. */
  readonly stratum: string;
  /** Key of the judge whose labels are agreed with, or `human`. */
  readonly reference: JudgeKey | 'human';
}

export interface CertificateTarget {
  /** 1 - alpha, in (0, 1): share of released labels that are the reference's. */
  readonly agreement: number;
  /** 1 - delta, in (0, 1): probability over calibration draws that the promise is kept. */
  readonly confidence: number;
}

/** One step of a chain: which judge, asked how. Stages of one judge follow each other. */
export interface Stage {
  /** Name of the tier, for the trail. */
  readonly tier: string;
  /** `parts.orders` tells whether this stage is the cheap single order or both. */
  readonly judge: JudgeKey;
}

export interface CertifiedStage extends Stage {
  readonly model: ScoreModel;
  /**
   * Log-odds by which this stage must be above the threshold. What follows an early stage is cheap, so it
   * must be surer than the last one, whose alternative is the reference.
   */
  readonly margin: number;
  /** For soft labels and reports alone; the guarantee never rests on it. */
  readonly calibrator: Calibrator;
  /** How well the score ranks right above wrong; null when no item was wrong, or none right. */
  readonly auroc: Estimate | null;
}

export interface Estimate {
  readonly value: number;
  /** Ends of the 90 % interval. */
  readonly low: number;
  readonly high: number;
}

/** Log-odds that this stage's label is the reference's: intercept + weights x signals + support x earlier judges. */
export interface ScoreModel {
  readonly intercept: number;
  readonly weights: Readonly<Partial<Record<SignalName, number>>>;
  /** Log-odds of each earlier judge for this stage's label, in the order of the chain. */
  readonly support: readonly number[];
  /** Items that trained it; 0 for the built-in weights. */
  readonly trainedOn: number;
}

/**
 * What a score model looks at, oriented toward the stage's label:
 * `margin` log-odds of the label against the next best; `order_gap`, `tie_mass`, `lost_mass` (1 - label
 * mass), `entropy` (nats) of the averaged probabilities; `length_gap` |log length ratio|; `chosen_longer`
 * log length ratio of the chosen response over the other, 0 for a tie.
 */
export type SignalName =
  | 'margin'
  | 'order_gap'
  | 'tie_mass'
  | 'lost_mass'
  | 'entropy'
  | 'length_gap'
  | 'chosen_longer';

export type Calibrator =
  | { readonly kind: 'none' }
  /** sigmoid(slope x logit(score) + intercept), Platt 1999. */
  | { readonly kind: 'platt'; readonly slope: number; readonly intercept: number }
  /** Monotone, linear between the knots. */
  | { readonly kind: 'isotonic'; readonly scores: readonly number[]; readonly values: readonly number[] };

/** What the proof rests on. */
export interface CertificateEvidence {
  /** Items that certified. */
  readonly items: number;
  /** Items set aside because another one of the same prompt counted. */
  readonly setAside: number;
  /** Labels spent on training the score models. */
  readonly trainedOn: number;
  readonly training: TrainingPlan['kind'];
  /** At the threshold. */
  readonly accepted: number;
  readonly errors: number;
  /** Upper bound on the risk at the threshold, holding with 1 - delta. */
  readonly bound: number;
  readonly seed: number;
  /** Risk against threshold, highest threshold first, at most 200 points, also beyond where it stopped. */
  readonly curve: readonly CurvePoint[];
}

export interface CurvePoint {
  /** Log-odds, as the certificate's. */
  readonly threshold: number;
  /** Share of the items that some stage accepts. */
  readonly coverage: number;
  readonly errors: number;
  readonly bound: number;
}

/** How score models come to their weights; the items that train never certify. */
export type TrainingPlan =
  /** Built-in weights: no label is spent. Best below a few hundred labels. */
  | { readonly kind: 'none' }
  /** `share` of the items, whole prompts, train; the rest certify. */
  | { readonly kind: 'split'; readonly share: number }
  /** Each fold is scored by models of the others; the models of all are released. */
  | { readonly kind: 'cross_fit'; readonly folds: number };

/**
 * Built-in weights. `usual` lowers the score of items whose responses differ much in length; that weight was chosen
 * after looking at recorded judgments. `plain` looks at the judges' log-odds alone.
 */
export type ScorePrior = 'usual' | 'plain';

/** One item with what every stage said and what the reference says. */
export interface CalibrationItem {
  /** Unique: an item that occurs twice is refused. */
  readonly id: string;
  /** Text or hash of the prompt: items of one prompt depend on each other and are never split apart. */
  readonly prompt: string;
  /** ln(length of a / length of b). */
  readonly lengthLogRatio: number;
  /** What each stage of the chain said; null where it gave no label: then it can not accept there. */
  readonly answers: readonly (JudgeSignals | null)[];
  readonly reference: Label;
  /** Stable form of the item's stratum. */
  readonly stratum: string;
}

export interface CertifyRequest {
  readonly scope: CertificateScope;
  readonly stages: readonly Stage[];
  readonly target: CertificateTarget;
  /** Default `marginal`. */
  readonly risk?: RiskKind;
  /** Certificates that share 1 - confidence between them, this one included; default 1. */
  readonly sharedBy?: number;
  /** Default `none`. */
  readonly training?: TrainingPlan;
  /** Where training starts, and all that there is without it; default `usual`. */
  readonly prior?: ScorePrior;
  /** `prompt` (default): one item of each prompt counts. `item`: the caller knows that items are independent draws. */
  readonly unit?: 'prompt' | 'item';
  /** Share of items below which a threshold is not worth its small calls, in [0, 1); default 0. */
  readonly minimumCoverage?: number;
  /** Ids and prompts that will be evaluated later: refused here, so that no figure is of known items. */
  readonly heldOut?: readonly Pick<CalibrationItem, 'id' | 'prompt'>[];
  /** Any integer: chooses which items train and which of a prompt counts. */
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type Certification =
  | { readonly ok: true; readonly certificate: Certificate }
  | { readonly ok: false; readonly refusal: Refusal };

/** Why nothing was certified, with a sentence for people. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** Items needed in all; only for `too_few_items`. */
  readonly needed: number | null;
  /** Up to ten item ids that the reason is about. */
  readonly items: readonly string[];
}

export type RefusalReason =
  | 'too_few_items'
  | 'constant_scores'
  | 'missing_log_probabilities'
  | 'one_class_only'
  | 'duplicate_items'
  | 'held_out_items'
  | 'judge_key_mismatch'
  | 'stratum_mismatch'
  | 'uninformative_scores'
  | 'risk_too_high'
  | 'too_little_accepted';

/** What a certificate says about one item at one stage. */
export interface StageDecision {
  readonly accept: boolean;
  /** This stage's label; null when it gave none. */
  readonly label: Label | null;
  /** Uncalibrated P(agree) that was compared; null when the certificate does not apply. */
  readonly score: number | null;
  /** Calibrated P(agree) in [0, 1], for soft labels; null when the certificate does not apply. */
  readonly agreement: number | null;
  /** For the trail, such as `P(agree) 0.971 >= 0.942 (crt_…)`. */
  readonly reason: string;
}
