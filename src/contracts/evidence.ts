import type { Label } from '../domain/verdict.ts';
import type { CalibrationItem, Stage } from './certificate.ts';
import type { JudgeKey } from '../domain/judge-key.ts';

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
  /** The certificate that released the label without the reference; null when the reference did. */
  readonly acceptedBy: string | null;
  /** The released label; null when there was none. */
  readonly label: Label | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Probability of the coin that chose it, in (0, 1]; absent, it is the lane's own audit share. */
  readonly probability?: number;
}

/** As much of a verdict as a gold label needs that comes later. */
export interface RememberedVerdict {
  readonly id: string;
  readonly lane: LaneScope;
  readonly label: Label | null;
  /** In [0, 1]. */
  readonly confidence: number | null;
}
