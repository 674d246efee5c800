import type { Certificate } from '../contracts/certificate.ts';
import type { Observation } from '../contracts/evidence.ts';
import { createLaneMonitor, type LaneAlarm, type LaneMonitor } from './drift/lane.ts';
import { createScoreWatch, type FirstAnswer, type ScoreWatch } from './drift/score-watch.ts';

/** A certificate at work in one lane: what it released, and the watch over it. */
export class InForce {
  readonly certificate: Certificate;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly #auditShare: number;
  readonly #errors: LaneMonitor;
  readonly #scores: ScoreWatch;
  #isGated = false;
  released = 0;
  audited = 0;
  disagreed = 0;

  constructor({ certificate, since, auditShare, answers }: InForceOptions) {
    this.certificate = certificate;
    this.since = since;
    this.#auditShare = auditShare;
    this.#errors = createLaneMonitor({ alpha: 1 - certificate.target.agreement, auditShare });
    this.#scores = createScoreWatch(answers);
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
  /** Of the items that certified; none for a certificate that was made elsewhere. */
  readonly answers: readonly FirstAnswer[];
}

function alarmText({ audits, observedRisk, alpha, evidence }: LaneAlarm): string {
  const observed = (100 * observedRisk).toFixed(1);
  const tolerated = (100 * alpha).toFixed(1);
  return `${observed} % of ${audits} audited items were wrong where at most ${tolerated} % may be (evidence ${evidence.toFixed(0)})`;
}
