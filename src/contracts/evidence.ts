import type { Label } from '../domain/verdict.ts';
import type { CalibrationItem, Certificate, Stage } from './certificate.ts';
import type { JudgeKey } from '../domain/judge-key.ts';
import type { LaneEvent } from './quality.ts';

/** Where items are alike enough to share a certificate: one stratum of one policy of one team. */
export interface LaneScope {
  readonly team: string;
  readonly policy: string;
  /** Stable form of the stratum, see domain/stratum.ts. */
  readonly stratum: string;
}

/**
 * An item that an audit coin chose before anything was known of it, with what every stage of the chain and
 * the reference said. As the coin looks at nothing, observations are a fair sample of the lane's traffic.
 */
export interface Observation {
  readonly verdictId: string;
  readonly lane: LaneScope;
  readonly item: CalibrationItem;
  /** The chain that answered, every stage of it. */
  readonly stages: readonly Stage[];
  readonly reference: JudgeKey;
  /** A person gave the label in `item.reference`; absent, the judge `reference` did. */
  readonly labelledBy?: 'human';
  /** The certificate that released the label without the reference; null when the reference did. */
  readonly acceptedBy: string | null;
  /** The released label; null when there was none. */
  readonly label: Label | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Probability of the coin that chose it, in (0, 1]; absent, it is the lane's own audit share. */
  readonly probability?: number;
}

/** Where a page of observations ended: the lane, how often it had begun anew, and the number of the last one in it. */
export interface ObservationPlace {
  readonly team: string;
  readonly stratum: string;
  readonly generation: number;
  readonly number: number;
}

/** Which observations of a policy are asked for; null stands for all. */
export interface ObservationQuery {
  readonly team: string | null;
  readonly stratum: string | null;
  /** Only what comes behind this place. */
  readonly after: ObservationPlace | null;
  /** Largest page, > 0. */
  readonly limit: number;
}

export interface ObservationPage {
  readonly observations: readonly Observation[];
  /** For the next page; null when there is nothing more now. */
  readonly next: ObservationPlace | null;
}

/** An observation as it is kept: `order` is its place among those that count, null while it waits for a person. */
export interface KeptObservation {
  readonly observation: Observation;
  /** Counts how often the lane began anew: only what was observed since then is evidence. */
  readonly generation: number;
  readonly order: number | null;
}

/** A lane as it was kept, for going on after a restart. */
export interface KeptLane {
  readonly scope: LaneScope;
  /** Plain JSON that the lane itself wrote. */
  readonly memory: unknown;
  /** Of the lane's last generation; those that count in their order, then those that wait. */
  readonly observations: readonly KeptObservation[];
}

/** Keeps what a lane learns. Called on the way of a request: it must be quick, and never throws. */
export interface LaneKeeper {
  observed(kept: KeptObservation): void;
  /** The lane's memory is another now; `memory` gives it, also later. */
  changed(scope: LaneScope, memory: () => unknown): void;
  installed(scope: LaneScope, certificate: Certificate): void;
}

/** A verdict with the gold label that came for it. */
export interface JudgedVerdict extends RememberedVerdict {
  readonly gold: Label | null;
}

/** As much of a verdict as a gold label needs that comes later. */
export interface RememberedVerdict {
  readonly id: string;
  readonly lane: LaneScope;
  readonly label: Label | null;
  /** In [0, 1]. */
  readonly confidence: number | null;
}

/** What was learned, kept for the next start. Everything is written behind, in order. */
export interface EvidenceArchive {
  /** Lanes of a policy that rest on `basis` (a hash of what the policy promises), in no order. */
  lanes(policy: string, basis: string): readonly KeptLane[];
  keeperOf(basis: string): LaneKeeper;
  /** The newest verdicts with a lane, the oldest first. */
  verdicts(): readonly JudgedVerdict[];
  keepVerdict(verdict: JudgedVerdict): void;
  keepEvent(event: LaneEvent): void;
  /** Asks other gateways' withdrawals for `listener` every few seconds; it may be told of one again. */
  watch(listener: (lane: LaneScope, detail: string) => void): void;
}
