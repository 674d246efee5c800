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
  /** Observations of the judges as they are now. */
  readonly observations: number;
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
  readonly type: 'certified' | 'refused' | 'withdrawn' | 'judge_changed';
  readonly lane: LaneScope;
  readonly detail: string;
}

/** Reads the state of lanes. */
export interface QualityBook {
  /** Lanes of a team's policy, in the order in which they appeared. */
  lanes(team: string, policy: string): readonly LaneQuality[];
}
