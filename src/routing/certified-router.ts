import type { Call } from '../contracts/call.ts';
import type { Certificate } from '../contracts/certificate.ts';
import type { Random } from '../contracts/clock.ts';
import type { RememberedVerdict } from '../contracts/evidence.ts';
import type { AuditObserver } from '../contracts/observers.ts';
import type { LaneQuality } from '../contracts/quality.ts';
import type { Judge } from '../contracts/judge.ts';
import type { ExtraCalls } from '../contracts/ledger.ts';
import type { AcceptanceRule, Router, RoutingEnd } from '../contracts/routing.ts';
import type { Item } from '../domain/item.ts';
import type { JudgeReply, Judgment } from '../domain/judgment.ts';
import { lengthLogRatioOf } from '../domain/signals.ts';
import type { TierDecision, TrailEntry } from '../domain/verdict.ts';
import type { Auditor } from './auditor.ts';
import { decideStage } from './certificates/decision.ts';
import { type ChainRun, type ChainStage, placesOf, startChain } from './chain.ts';
import type { GateView, PolicyGate } from './difficulty/policy-gate.ts';
import type { Lane } from './lane.ts';
import { observe } from './observe.ts';
import { rememberedOf } from './reuse.ts';
import type { Spending } from './spending.ts';

/**
 * The router of a policy with a target: small judges decide only where a certificate proves that they may,
 * everything else goes to the reference judge. A coin that looks at nothing chooses the items of which
 * everything is learned, beyond the reply: their small judges' answers and the reference's make the
 * observations that certificates and the watch over them rest on.
 */
export interface CertifiedRouterOptions {
  readonly policy: string;
  /** Stages of the small judges, cheap to strong. */
  readonly chain: readonly ChainStage[];
  readonly reference: { readonly tier: string; readonly judge: Judge; readonly rule: AcceptanceRule };
  readonly lanes: RouterLanes;
  stratumOf(item: Item): string;
  readonly gate: PolicyGate;
  /** Null for a policy that may spend what it needs. */
  readonly spending: Spending | null;
  readonly auditor: Auditor;
  /** Time for an audit, in milliseconds. */
  readonly auditMs: number;
  readonly random: Random;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told of every verdict that has a judgment, so that gold labels find it. */
  remember(verdict: RememberedVerdict): void;
  readonly observer?: AuditObserver | undefined;
  /** Told of the calls that were made beyond a reply: they are paid too. */
  keepCalls(calls: ExtraCalls): void;
}

/** The lanes of a policy, as far as a router needs them. */
export interface RouterLanes {
  of(team: string, stratum: string): RouterLane;
  has(team: string, stratum: string): boolean;
}

export interface RouterLane extends Pick<
  Lane,
  'scope' | 'certificate' | 'observedShare' | 'answered' | 'released' | 'skipped' | 'observe'
> {
  quality(): Pick<LaneQuality, 'reason'>;
}

/** One item under way. */
export interface Journey {
  readonly item: Item;
  readonly verdictId: string;
  readonly lane: RouterLane;
  readonly run: ChainRun;
  readonly view: GateView;
  readonly decisions: TierDecision[];
}

/** What came of the small judges. */
interface SmallAnswer {
  readonly accepted: boolean;
  readonly tier: string;
  /** The last one that was given; null when none was asked or answered. */
  readonly judgment: Judgment | null;
  readonly certificate: string | null;
  /** P(the label is wrong) in [0, 1], calibrated where a certificate says so. */
  readonly wrong: number;
}

export function createCertifiedRouter(options: CertifiedRouterOptions): Router {
  return {
    async route(item, call, verdictId) {
      const stratum = options.stratumOf(item);
      const lane = options.lanes.of(call.team, stratum);
      // Drawn before anything is known of the item: what it picks is a fair sample.
      const isObserved = options.random.uniform() < lane.observedShare();
      const view = options.gate.before(item, stratum);
      const run = startChain(options.chain, item);
      const journey: Journey = { item, verdictId, lane, run, view, decisions: [] };
      const small = await askSmall(options, journey, call);
      const { end, reply, inclusion } = await decide(options, journey, small, call);
      remember(options, journey, end);
      if (isObserved && !call.signal.aborted) observe(options, journey, { end, reply }, call);
      const trail: TrailEntry[] = [...run.trail(), ...(reply?.trail ?? [])];
      return { end, trail, decisions: journey.decisions, difficulty: view.difficulty, inclusion };
    },
  };
}

/** The small judges, as far as a certificate needs them. */
async function askSmall(options: CertifiedRouterOptions, journey: Journey, call: Call): Promise<SmallAnswer> {
  const { lane, run, view, decisions } = journey;
  const certificate = lane.certificate();
  const tier = options.chain[0]?.tier ?? '';
  if (certificate === null || !view.askSmall) {
    const reason = certificate === null ? `no certificate: ${lane.quality().reason}` : view.reason;
    decisions.push({ tier, accepted: false, reason });
    if (!view.askSmall) lane.skipped();
    return { ...NOTHING, tier };
  }
  const plan = placesOf(certificate.stages, options.chain);
  let last: SmallAnswer = { ...NOTHING, tier };
  for (const [index, place] of plan.entries()) {
    if (call.signal.aborted) break;
    if (place === null) {
      const reason = `${certificate.id} asks a judge that is not in the chain of ${options.policy}`;
      decisions.push({ tier, accepted: false, reason });
      break;
    }
    last = await askStage(journey, { certificate, plan, index, last }, call);
    if (last.accepted) break;
  }
  view.paid('small', costOf(run.trail()));
  if (!call.signal.aborted) view.learn(!last.accepted);
  return last;
}

/** A stage of a certificate, and what was known before it. */
interface Step {
  readonly certificate: Certificate;
  /** Places in the chain of the certificate's stages. */
  readonly plan: readonly (number | null)[];
  readonly index: number;
  readonly last: SmallAnswer;
}

/** One more stage; a stage that gives no label leaves what was known before. */
async function askStage(
  { item, lane, run, decisions }: Journey,
  { certificate, plan, index, last }: Step,
  call: Call,
): Promise<SmallAnswer> {
  const tier = certificate.stages[index]?.tier ?? last.tier;
  const answer = await run.ask(plan[index] ?? 0, call);
  if (!answer.ok) {
    decisions.push({ tier, accepted: false, reason: answer.problem.message });
    return last;
  }
  const answers = run.answers();
  const gathered = {
    answers: plan.slice(0, index + 1).map((place) => (place === null ? null : (answers[place] ?? null))),
    lengthLogRatio: lengthLogRatioOf(item),
  };
  const { accept, agreement, score, reason } = decideStage(certificate, index, gathered);
  decisions.push({ tier, accepted: accept, reason });
  if (index === 0 && score !== null) lane.answered({ score, labelMass: answer.signals.labelMass });
  const { judgment } = answer;
  return { accepted: accept, tier, judgment, certificate: certificate.id, wrong: 1 - (agreement ?? 0) };
}

const NOTHING: Omit<SmallAnswer, 'tier'> = { accepted: false, judgment: null, certificate: null, wrong: 1 };

interface Decided {
  readonly end: RoutingEnd;
  /** The reference's; null when it was not asked. */
  readonly reply: JudgeReply | null;
  readonly inclusion: number;
}

/** Whether the small judges' label goes out or the reference is asked: the certificate's floor, then the money. */
async function decide(
  options: CertifiedRouterOptions,
  journey: Journey,
  small: SmallAnswer,
  call: Call,
): Promise<Decided> {
  const { spending } = options;
  if (spending === null) {
    return small.accepted ? release(journey, small, 'certificate') : askReference(options, journey, 1, call);
  }
  const expected = journey.view.referenceNanoUsd ?? 0;
  const spend = await spending.consider(
    { accepted: small.accepted, wrong: small.wrong, escalationNanoUsd: expected },
    call,
  );
  if (spend.action === 'stop') {
    journey.decisions.push({ tier: options.reference.tier, accepted: false, reason: spend.problem.message });
    return { end: { type: 'failed', problem: spend.problem }, reply: null, inclusion: spend.inclusion };
  }
  if (spend.action === 'accept') return release(journey, small, 'certificate');
  if (spend.action === 'release' && small.judgment !== null) {
    journey.decisions.push({ tier: small.tier, accepted: true, reason: spend.reason });
    return release(journey, small, 'threshold');
  }
  const inclusion = spend.action === 'escalate' ? spend.inclusion : 1;
  const decided = await askReference(options, journey, inclusion, call);
  spending.settle(costOf(decided.reply?.trail ?? []) - (spend.action === 'escalate' ? expected : 0));
  return decided;
}

function release({ lane }: Journey, small: SmallAnswer, basis: 'certificate' | 'threshold'): Decided {
  const { tier, judgment } = small;
  if (judgment === null) throw new Error('there is no judgment to release');
  const certificate = basis === 'certificate' ? small.certificate : null;
  if (basis === 'certificate') lane.released();
  return { end: { type: 'accepted', tier, judgment, certificate, basis }, reply: null, inclusion: 1 };
}

async function askReference(
  { reference }: CertifiedRouterOptions,
  { item, view, decisions }: Journey,
  inclusion: number,
  call: Call,
): Promise<Decided> {
  const { tier, judge, rule } = reference;
  const reply = await judge.judge(item, { tier }, call);
  view.paid('reference', costOf(reply.trail));
  if (!reply.ok) {
    decisions.push({ tier, accepted: false, reason: reply.problem.message });
    return { reply, inclusion, end: { type: 'failed', problem: reply.problem } };
  }
  const { judgment } = reply;
  const { accept, reason } = rule.decide(judgment, item);
  decisions.push({ tier, accepted: accept, reason });
  const end: RoutingEnd = accept
    ? { type: 'accepted', tier, judgment, certificate: null, basis: 'reference' }
    : { type: 'abstained', tier, judgment };
  return { reply, inclusion, end };
}

function remember({ remember: keep }: CertifiedRouterOptions, journey: Journey, end: RoutingEnd): void {
  const verdict = rememberedOf(journey.verdictId, journey.lane.scope, end);
  if (verdict !== null) keep(verdict);
}

function costOf(trail: readonly TrailEntry[]): number {
  return trail.reduce((sum, { cost }) => sum + cost.nanoUsd, 0);
}
