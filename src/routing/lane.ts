import type {
  CalibrationItem,
  Certificate,
  CertificateScope,
  CertificateTarget,
  Certification,
  RefusalReason,
  RiskKind,
  Stage,
} from '../contracts/certificate.ts';
import type { LaneScope, Observation } from '../contracts/evidence.ts';
import type { LaneEvent, LaneQuality, LaneState } from '../contracts/quality.ts';
import { createLaneMonitor, type LaneAlarm, type LaneMonitor } from './drift/lane.ts';
import { createLooks, type Looks } from './looks.ts';
import { ObservationLog } from './observation-log.ts';

/** Certifies with the policy's target; the lane says for whom, which chain, and who shares its delta. */
type Certify = (
  items: readonly CalibrationItem[],
  about: { readonly scope: CertificateScope; readonly stages: readonly Stage[]; readonly sharedBy: number },
) => Certification;

export interface LaneOptions {
  readonly scope: LaneScope;
  readonly target: CertificateTarget;
  readonly risk: RiskKind;
  /** Share of items that is observed while a certificate is in force. */
  readonly auditShare: number;
  /** Certificates that share 1 - confidence beside this lane's own repeated looks, this lane included. */
  readonly sharedBy: number;
  readonly certify: Certify;
  announce(event: LaneEvent): void;
}

interface InForce {
  readonly certificate: Certificate;
  readonly monitor: LaneMonitor;
  released: number;
  audited: number;
  disagreed: number;
}

interface LastRefusal {
  readonly reason: LaneQuality['refusal'];
  readonly message: string;
}

/**
 * One stratum of one policy of one team, from the first item to a certificate and, when the world changes,
 * back: it gathers observations, certifies when there are enough, watches what was accepted, withdraws.
 * It judges nothing and calls nobody. Without a certificate it lets no small judge decide.
 */
export class Lane {
  readonly scope: LaneScope;
  readonly #options: LaneOptions;
  #log = new ObservationLog();
  #looks: Looks;
  #inForce: InForce | null = null;
  #refusal: LastRefusal | null = null;

  constructor(options: LaneOptions) {
    this.scope = options.scope;
    this.#options = options;
    this.#looks = createLooks(options.target, options.sharedBy);
  }

  /** In force now; null when everything goes to the reference. */
  certificate(): Certificate | null {
    return this.#inForce?.certificate ?? null;
  }

  /** Probability with which the next item is to be observed, in (0, 1]. */
  observedShare(): number {
    return this.#state() === 'cold' ? 1 : this.#options.auditShare;
  }

  /** A label was released under the certificate. */
  released(): void {
    if (this.#inForce !== null) this.#inForce.released += 1;
  }

  observe(observation: Observation): void {
    const taken = this.#log.add(observation);
    if (taken === 'foreign') return;
    if (taken === 'changed') this.#changeJudges();
    else this.#audit(observation);
    this.#look();
  }

  quality(): Omit<LaneQuality, 'goldAgreement'> {
    const next = this.#looks.next();
    const { released = 0, audited = 0, disagreed = 0 } = this.#inForce ?? {};
    return {
      ...this.scope,
      state: this.#state(),
      reason: this.#reason(),
      refusal: this.#refusal?.reason ?? null,
      certificate: this.#inForce?.certificate.id ?? null,
      observations: this.#log.size,
      nextLook: next <= ObservationLog.LARGEST ? next : null,
      released,
      audited,
      disagreed,
    };
  }

  #state(): LaneState {
    if (this.#inForce !== null) return 'certified';
    const reason = this.#refusal?.reason ?? null;
    return reason !== null && BLOCKING.has(reason) ? 'blocked' : 'cold';
  }

  #reason(): string {
    if (this.#inForce !== null) return described(this.#inForce.certificate);
    if (this.#refusal !== null) return this.#refusal.message;
    return `${this.#log.size} of ${this.#looks.next()} observations for the first certificate`;
  }

  #announce(type: LaneEvent['type'], detail: string): void {
    this.#options.announce({ type, lane: this.scope, detail });
  }

  #audit(observation: Observation): void {
    const force = this.#inForce;
    if (force === null) return;
    const isAccepted = observation.acceptedBy === force.certificate.id;
    const isWrong = isAccepted && observation.label !== observation.item.reference;
    if (isAccepted) force.audited += 1;
    if (isWrong) force.disagreed += 1;
    const alarm = force.monitor.observe({ error: isWrong, probability: this.#options.auditShare });
    if (alarm === null) return;
    this.#withdraw(alarmText(alarm));
    this.#log = new ObservationLog();
  }

  #changeJudges(): void {
    const detail = 'the judges answer with another model, build or prompt than those of the evidence';
    if (this.#inForce === null) this.#announce('judge_changed', detail);
    this.#withdraw(detail);
  }

  /** Back to the beginning: what was learned before says nothing any more. */
  #withdraw(why: string): void {
    if (this.#inForce !== null) this.#announce('withdrawn', `${this.#inForce.certificate.id}: ${why}`);
    this.#inForce = null;
    this.#refusal = null;
    this.#looks = createLooks(this.#options.target, this.#options.sharedBy);
  }

  #look(): void {
    const latest = this.#log.latest();
    if (latest === undefined || this.#log.size < this.#looks.next()) return;
    const { sharedBy } = this.#looks.take();
    const scope = { ...this.scope, task: 'preference' as const, reference: latest.reference };
    const about = { scope, stages: latest.stages, sharedBy };
    const result = this.#options.certify(this.#log.items(), about);
    if (result.ok) {
      this.install(result.certificate);
      return;
    }
    const { reason, message, needed } = result.refusal;
    if (needed !== null) this.#looks.waitFor(needed);
    // A certificate in force rests on its own proof; a later look that proves less takes nothing back.
    if (this.#inForce !== null) return;
    this.#refusal = { reason, message };
    this.#announce('refused', message);
  }

  /** Puts a certificate in force: one that was proven here, or one that was made elsewhere. */
  install(certificate: Certificate): void {
    const { auditShare, target } = this.#options;
    const monitor = createLaneMonitor({ alpha: 1 - target.agreement, auditShare });
    this.#refusal = null;
    this.#inForce = { certificate, monitor, released: 0, audited: 0, disagreed: 0 };
    this.#announce('certified', described(certificate));
  }
}

/** Reasons that more of the same items would not mend soon: shadowing every item would be money lost. */
const BLOCKING: ReadonlySet<RefusalReason> = new Set([
  'uninformative_scores',
  'risk_too_high',
  'too_little_accepted',
]);

function described({ id, threshold, evidence }: Certificate): string {
  const { items, accepted, errors, bound } = evidence;
  const share = ((100 * accepted) / items).toFixed(0);
  return `${id}: ${share} % of ${items} items accepted at ${threshold.toFixed(3)}, ${errors} wrong, risk at most ${bound.toFixed(4)}`;
}

function alarmText({ audits, observedRisk, alpha, evidence }: LaneAlarm): string {
  const observed = (100 * observedRisk).toFixed(1);
  const tolerated = (100 * alpha).toFixed(1);
  return `${observed} % of ${audits} audited items were wrong where at most ${tolerated} % may be (evidence ${evidence.toFixed(0)})`;
}
