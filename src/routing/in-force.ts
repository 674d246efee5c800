import type { Certificate } from '../contracts/certificate.ts';
import type { Observation } from '../contracts/evidence.ts';
import {
  createLaneMonitor,
  type LaneAlarm,
  type LaneMonitor,
  type LaneState,
  restoreLaneMonitor,
} from './drift/lane.ts';
import { createScoreWatch, type FirstAnswer, type ScoreWatch } from './drift/score-watch.ts';

/** A certificate at work in one lane: what it released, and the watch over it. */
export class InForce {
  readonly certificate: Certificate;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly #auditShare: number;
  readonly #errors: LaneMonitor;
  readonly #scores: ScoreWatch;
  #isGated: boolean;
  released: number;
  audited: number;
  disagreed: number;

  constructor({ certificate, since, auditShare, answers, reuseError = 0, before }: InForceOptions) {
    this.certificate = certificate;
    this.since = since;
    this.#auditShare = auditShare;
    this.#errors =
      before === undefined
        ? createLaneMonitor({ alpha: 1 - certificate.target.agreement + reuseError, auditShare })
        : restoreLaneMonitor(before.errors);
    this.#isGated = before?.isGated ?? false;
    this.released = before?.released ?? 0;
    this.audited = before?.audited ?? 0;
    this.disagreed = before?.disagreed ?? 0;
    this.#scores = createScoreWatch(answers);
  }

  /** For `before` of a later life. The watch over scores is not in it: it begins anew against the same answers. */
  memory(): InForceMemory {
    const { certificate, since, released, audited, disagreed } = this;
    return {
      certificate,
      since,
      released,
      audited,
      disagreed,
      isGated: this.#isGated,
      errors: this.#errors.state(),
    };
  }

  /** An audit that a coin chose while this was in force; the reason to withdraw it, or null. */
  audit({ acceptedBy, label, item, probability = this.#auditShare }: Audited): string | null {
    const isAccepted = acceptedBy === this.certificate.id;
    const isWrong = isAccepted && label !== item.reference;
    if (isAccepted) this.audited += 1;
    if (isWrong) this.disagreed += 1;
    const alarm = this.#errors.observe({ error: isWrong, probability });
    return alarm === null ? null : alarmText(alarm);
  }

  /** The small judges were not asked for an item: from now on only audits show what all items look like. */
  skipped(): void {
    this.#isGated = true;
  }

  /** What the first judge said of an item, `audit`: one that a coin chose; the reason to withdraw, or null. */
  answered(answer: FirstAnswer, from: 'item' | 'audit'): string | null {
    // Of items that pass the gate audits are among the items already, and must not count twice.
    return (from === 'audit') === this.#isGated ? this.#scores.observe(answer) : null;
  }
}

type Audited = Pick<Observation, 'acceptedBy' | 'label' | 'item' | 'probability'>;

export interface InForceOptions {
  readonly certificate: Certificate;
  readonly since: number;
  readonly auditShare: number;
  /** What labels of similar items may add to the errors that the certificate allows; absent for nothing. */
  readonly reuseError?: number;
  /** Of the items that certified; none for a certificate that was made elsewhere. */
  readonly answers: readonly FirstAnswer[];
  /** What was seen under it before a restart: the evidence against it goes on from there. */
  readonly before?: InForceMemory;
}

/** Plain JSON. */
export interface InForceMemory {
  readonly certificate: Certificate;
  readonly since: number;
  readonly released: number;
  readonly audited: number;
  readonly disagreed: number;
  readonly isGated: boolean;
  readonly errors: LaneState;
}

function alarmText({ audits, observedRisk, alpha, evidence }: LaneAlarm): string {
  const observed = (100 * observedRisk).toFixed(1);
  const tolerated = (100 * alpha).toFixed(1);
  return `${observed} % of ${audits} audited items were wrong where at most ${tolerated} % may be (evidence ${evidence.toFixed(0)})`;
}
