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
import type { KeptLane, LaneKeeper, LaneScope, Observation } from '../contracts/evidence.ts';
import type { LaneEvent, LaneQuality, LaneState } from '../contracts/quality.ts';
import type { Label } from '../domain/verdict.ts';
import { AwaitingGold } from './awaiting-gold.ts';
import { type FirstAnswer, firstAnswersOf } from './drift/score-watch.ts';
import { InForce } from './in-force.ts';
import { type LaneMemory, memoryOf } from './lane-memory.ts';
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
  /** Part of the promise that labels of similar items may use up, in [0, 1 - agreement); absent for none. */
  readonly reuseError?: number;
  /** Share of items that is observed while a certificate is in force. */
  readonly auditShare: number;
  /** Certificates that share 1 - confidence beside this lane's own repeated looks, this lane included. */
  readonly sharedBy: number;
  /** Among the lanes of its team, from 1, in the order of their first items. */
  readonly rank: number;
  readonly certify: Certify;
  /** `human`: certificates rest on gold labels, and only what has one is evidence. */
  readonly reference: 'judge' | 'human';
  /** Milliseconds since 1970. */
  now(): number;
  announce(event: LaneEvent): void;
  /** Absent where nothing is kept. */
  readonly keeper?: LaneKeeper | undefined;
  /** The lane as it was kept; it goes on from there. */
  readonly kept?: KeptLane | undefined;
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
  readonly #awaiting = new AwaitingGold();
  #log = new ObservationLog();
  #looks: Looks;
  #inForce: InForce | null = null;
  #refusal: LastRefusal | null = null;
  #lastAlarm: LaneQuality['lastAlarm'] = null;
  /** Counts how often everything began anew. */
  #generation = 0;
  /** Observations that counted, in all. */
  #taken = 0;

  constructor(options: LaneOptions) {
    this.scope = options.scope;
    this.#options = options;
    this.#looks = createLooks(options.target, options.sharedBy);
    if (options.kept !== undefined) this.#restore(options.kept);
    this.#changed();
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
    if (this.#inForce === null) return;
    this.#inForce.released += 1;
    this.#changed();
  }

  /** The small judges were passed over for an item that was too hard for them. */
  skipped(): void {
    this.#inForce?.skipped();
  }

  /** What the certificate's first judge said of an item, whatever came of it. */
  answered(answer: FirstAnswer): void {
    const why = this.#inForce?.answered(answer, 'item') ?? null;
    if (why !== null) this.doubt(why);
  }

  observe(observation: Observation): void {
    if (this.#options.reference !== 'human') {
      this.#take(observation);
      return;
    }
    this.#awaiting.add(observation);
    this.#options.keeper?.observed({ observation, generation: this.#generation, order: null });
  }

  /**
   * What a person says of a verdict. Counts once, for a lane with people as the reference and a verdict that a coin
   * chose; says whether it did.
   */
  gold(verdictId: string, label: Label): boolean {
    const observation = this.#awaiting.take(verdictId);
    if (observation === undefined) return false;
    this.#take({ ...observation, item: { ...observation.item, reference: label }, labelledBy: 'human' });
    return true;
  }

  /** Something shows that the certificate can no longer be believed: an alarm, and everything begins anew. */
  doubt(why: string): void {
    this.#lastAlarm = { at: this.#options.now(), detail: why };
    this.#announce('alarm', why);
    this.#log = new ObservationLog();
    this.#awaiting.clear();
    this.#generation += 1;
    this.#withdraw(why);
  }

  #take(observation: Observation): void {
    this.#taken += 1;
    this.#options.keeper?.observed({ observation, generation: this.#generation, order: this.#taken });
    const taken = this.#log.add(observation);
    if (taken === 'foreign') return;
    if (taken === 'changed') this.#changeJudges();
    else this.#audit(observation);
    this.#look();
    this.#changed();
  }

  /** Counts how often everything began anew: numbers of observations begin anew with it. */
  get generation(): number {
    return this.#generation;
  }

  /** The evidence as it is now, in pages: see `ObservationLog.page`. */
  observations(after: number, limit: number): ReturnType<ObservationLog['page']> {
    return this.#log.page(after, limit);
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
      lastAlarm: this.#lastAlarm,
      observations: this.#log.size,
      awaitingGold: this.#options.reference === 'human' ? this.#awaiting.size : null,
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
    const kind = this.#options.reference === 'human' ? 'gold labels' : 'observations';
    return `${this.#log.size} of ${this.#looks.next()} ${kind} for the first certificate`;
  }

  #announce(type: LaneEvent['type'], detail: string): void {
    this.#options.announce({ type, lane: this.scope, detail });
  }

  #audit(observation: Observation): void {
    const force = this.#inForce;
    // Gold labels come late: what was judged before this certificate says nothing of it.
    if (force === null || observation.at < force.since) return;
    const [first] = firstAnswersOf(force.certificate, [observation.item], observation.stages);
    const why = force.audit(observation) ?? (first === undefined ? null : force.answered(first, 'audit'));
    if (why !== null) this.doubt(why);
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
    this.#changed();
  }

  #look(): void {
    const latest = this.#log.latest();
    if (latest === undefined || this.#log.size < this.#looks.next()) return;
    const { sharedBy } = this.#looks.take();
    const reference = this.#options.reference === 'human' ? ('human' as const) : latest.reference;
    const scope = { ...this.scope, task: 'preference' as const, reference };
    const about = { scope, stages: latest.stages, sharedBy };
    const items = this.#log.items();
    const result = this.#options.certify(items, about);
    if (result.ok) {
      const { certificate } = result;
      this.#install(certificate, firstAnswersOf(certificate, items, latest.stages));
      return;
    }
    const { reason, message, needed } = result.refusal;
    if (needed !== null) this.#looks.waitFor(needed);
    // A certificate in force rests on its own proof; a later look that proves less takes nothing back.
    if (this.#inForce !== null) return;
    this.#refusal = { reason, message };
    this.#announce('refused', message);
  }

  /** Puts a certificate in force that was made elsewhere. */
  install(certificate: Certificate): void {
    this.#install(certificate, []);
  }

  #install(certificate: Certificate, answers: readonly FirstAnswer[]): void {
    const { auditShare, now, reuseError = 0 } = this.#options;
    this.#refusal = null;
    this.#inForce = new InForce({ certificate, since: now(), auditShare, answers, reuseError });
    this.#options.keeper?.installed(this.scope, certificate);
    this.#changed();
    this.#announce('certified', described(certificate));
  }

  #changed(): void {
    this.#options.keeper?.changed(this.scope, () => this.#memory());
  }

  #memory(): LaneMemory {
    return {
      format: 1,
      generation: this.#generation,
      rank: this.#options.rank,
      taken: this.#taken,
      looks: this.#looks.state(),
      refusal: this.#refusal,
      lastAlarm: this.#lastAlarm,
      inForce: this.#inForce?.memory() ?? null,
    };
  }

  /**
   * Goes on from an earlier life. The evidence against a certificate in force goes on too: what was audited in the
   * last moments and not kept is missing whatever it said, and that leaves the evidence valid.
   */
  #restore({ memory: kept, observations }: KeptLane): void {
    const memory = memoryOf(kept);
    if (memory === null) return;
    const { target, sharedBy, auditShare } = this.#options;
    this.#generation = memory.generation;
    this.#taken = memory.taken;
    this.#looks = createLooks(target, sharedBy, memory.looks);
    this.#refusal = memory.refusal;
    this.#lastAlarm = memory.lastAlarm;
    for (const { observation, order } of observations) {
      if (order === null) this.#awaiting.add(observation);
      else this.#log.add(observation);
      this.#taken = Math.max(this.#taken, order ?? 0);
    }
    const { inForce: before } = memory;
    if (before === null) return;
    const stages = this.#log.latest()?.stages ?? [];
    const answers = firstAnswersOf(before.certificate, this.#log.itemsUntil(before.since), stages);
    this.#inForce = new InForce({ ...before, auditShare, answers, before });
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
