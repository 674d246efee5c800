import type { AnchorQuality } from './anchors.ts';
import type { CanaryQuality } from './canaries.ts';
import type { Estimate, RefusalReason } from './certificate.ts';
import type { LaneScope } from './evidence.ts';

/** `cold`: too little is known; `certified`; `blocked`: enough is known, and it does not reach. */
export type LaneState = 'cold' | 'certified' | 'blocked';

/** How good the labels of one lane are, as far as it is known now. */
export interface LaneQuality extends LaneScope {
  readonly state: LaneState;
  /** One sentence: what is missing, or what holds. */
  readonly reason: string;
  readonly refusal: RefusalReason | null;
  /** Id of the certificate in force. */
  readonly certificate: string | null;
  /** The last sign that a certificate could no longer be believed; null when there was none. */
  readonly lastAlarm: { readonly at: number; readonly detail: string } | null;
  /** Observations of the judges as they are now. */
  readonly observations: number;
  /** Observations that a gold label would make evidence; null where a judge is the reference. */
  readonly awaitingGold: number | null;
  /** Observations at which the next certificate is tried; null when there will be none. */
  readonly nextLook: number | null;
  /** Since the certificate came into force: labels that it released, those that were audited, those that were wrong. */
  readonly released: number;
  readonly audited: number;
  readonly disagreed: number;
  /** Agreement of released labels with people, from gold labels; null while there are too few. */
  readonly goldAgreement: (Estimate & { readonly labels: number }) | null;
}

/** What happened to a certificate, for the log, the journal and whoever watches. */
export interface LaneEvent {
  /** `alarm` says that something drifted; the withdrawal that it leads to follows as an event of its own. */
  readonly type: 'certified' | 'refused' | 'alarm' | 'withdrawn' | 'judge_changed';
  readonly lane: LaneScope;
  readonly detail: string;
}

/** How well P(the small judges do not decide, or disagree) is foretold before any call. */
export interface DifficultyQuality {
  /** Outcomes seen, ever. */
  readonly outcomes: number;
  /** Over the newest predictions that were made before their outcome, with its 95 % interval; null while there are none. */
  readonly auroc: Estimate | null;
}

/** Reads the state of lanes. */
export interface QualityBook {
  /** Lanes of a team's policy, in the order in which they appeared. */
  lanes(team: string, policy: string): readonly LaneQuality[];
  /** How well the difficulty of a policy's items is foretold; null for a policy without a target. */
  difficulty(policy: string): DifficultyQuality | null;
  /** How the judges of a policy answer its anchor set; empty where it has none. */
  anchors(policy: string): readonly AnchorQuality[];
  /** How it labels its canaries; null where it has none. */
  canaries(policy: string): CanaryQuality | null;
}
