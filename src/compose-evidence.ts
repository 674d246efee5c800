import type { CohortBook } from './contracts/ranking.ts';
import { createCohortBook } from './routing/ranking/cohort-book.ts';
import { hash } from 'node:crypto';
import type { Parts } from './compose-parts.ts';
import type { Config } from './config/schema.ts';
import type { AnchorItem } from './contracts/anchors.ts';
import type { CanaryQuality, GoldItem } from './contracts/canaries.ts';
import type { Certificate } from './contracts/certificate.ts';
import type { EvidenceArchive, LaneScope, ObservationPage, ObservationQuery } from './contracts/evidence.ts';
import type { Judge } from './contracts/judge.ts';
import type { LaneEvent, LaneQuality, QualityBook } from './contracts/quality.ts';
import { type AnchorWatch, createAnchorWatch } from './routing/anchors/anchor-watch.ts';
import { type CanaryRecord, createCanaryRecord } from './routing/canaries/canary-record.ts';
import type { ValueOf } from './domain/metrics.ts';
import { type Auditor, createAuditor } from './routing/auditor.ts';
import { certifyChain } from './routing/certificates/shorter-chains.ts';
import { createSpendPace } from './routing/deferral/spend-pace.ts';
import { createPolicyGate, type PolicyGate } from './routing/difficulty/policy-gate.ts';
import { createLanes, type LaneFactory, type Lanes } from './routing/lanes.ts';
import { observationPage } from './routing/observation-pages.ts';
import { createOutcomeBook, type OutcomeBook } from './routing/outcome-book.ts';
import { createSpending, type Spending } from './routing/spending.ts';

type PolicyConfig = Config['policies'][string];
type Target = NonNullable<PolicyConfig['target']>;
type BudgetConfig = NonNullable<PolicyConfig['budget']>;

/** What was learned about judges and labels. It outlives a reload; only a policy with another promise starts anew. */
export interface Evidence {
  readonly outcomes: OutcomeBook;
  readonly auditor: Auditor;
  readonly quality: QualityBook;
  /** `certificates` made elsewhere are in force from the start. */
  lanesOf(name: string, policy: PolicyConfig, target: Target, certificates: readonly Certificate[]): Lanes;
  gateOf(name: string, policy: PolicyConfig, config: Config): PolicyGate;
  /** Stops the watch of before when the policy has other anchors now, or none. */
  watchAnchors(name: string, policy: PolicyConfig, watched: WatchedAnchors): void;
  /** Begins anew with other items, tiers or settings. */
  canariesOf(name: string, policy: PolicyConfig, items: readonly GoldItem[]): CanaryRecord;
  spendingOf(name: string, budget: BudgetConfig): Spending;
  /** Groups of candidates that come one by one: they outlast a reload. */
  readonly cohorts: CohortBook;
  /** All there are, without what needs counting through verdicts. */
  lanes(): readonly Omit<LaneQuality, 'goldAgreement'>[];
  /** Null for a policy without lanes. */
  observations(policy: string, query: ObservationQuery): ObservationPage | null;
  /** By policy. */
  spendings(): readonly (readonly [string, Spending])[];
  close(): Promise<void>;
}

interface WatchedAnchors {
  readonly items: readonly AnchorItem[];
  readonly judges: ReadonlyMap<string, Judge>;
}

/** Audits that run at once and that wait; they share the engines with everybody else. */
const AUDITS = { concurrency: 32, waiting: 2_048 };

/** `archive`: what was learned before, and where it is kept; null where nothing is. */
export function createEvidence(parts: Parts, archive: EvidenceArchive | null): Evidence {
  const auditor = createAuditor({ calls: parts.calls, ...AUDITS });
  const lanes = createMemory<Lanes>();
  const outcomes = createOutcomeBook({
    restored: archive?.verdicts() ?? [],
    keep: (verdict) => archive?.keepVerdict(verdict),
    learn: ({ team, policy, stratum }, { verdictId, label }) =>
      void lanes.last(policy)?.of(team, stratum).gold(verdictId, label),
  });
  archive?.watch((lane, detail) => doubt(lanes.last(lane.policy), lane, detail));
  const gates = createMemory<PolicyGate>();
  const anchors = createMemory<AnchorWatch>();
  const canaries = createMemory<CanaryRecord>();
  const spendings = createMemory<Spending>();
  return {
    outcomes,
    auditor,
    quality: createQualityBook({ lanes, gates, anchors, canaries, outcomes }),
    lanesOf(name, policy, target, certificates) {
      const promise = promiseOf(policy, target, certificates);
      return lanes.get(name, promise, () => {
        const basis = hash('sha256', JSON.stringify(promise)).slice(0, 16);
        return installed(createPolicyLanes(name, policy, target, { parts, archive, basis }), certificates);
      });
    },
    gateOf: (name, policy, config) =>
      gates.get(name, [policy.tiers, policy.strata], () =>
        createPolicyGate({
          policy: name,
          listedRatio: listedRatio(policy, config),
          random: parts.random,
          later: (work) => void parts.clock.after(0, work),
        }),
      ),
    watchAnchors(name, policy, { items, judges }) {
      const before = anchors.last(name);
      const watch = anchors.get(name, [policy.anchors, policy.tiers, items], () =>
        createPolicyAnchors(name, policy, items, { parts, auditor, lanes: () => lanes.last(name) }),
      );
      if (before !== watch) before?.stop();
      watch.use(judges);
    },
    canariesOf: (name, policy, items) =>
      canaries.get(name, [policy.canaries, policy.tiers, policy.target, items], () =>
        createPolicyCanaries(policy, items.length, parts),
      ),
    spendingOf: (name, budget) => spendings.get(name, budget, () => createPolicySpending(budget, parts)),
    cohorts: createCohortBook(parts.clock),
    lanes: () => lanes.entries().flatMap(([, made]) => [...made.all()].map((lane) => lane.quality())),
    observations: (policy, query) => pageOf(lanes.last(policy), query),
    spendings: () => spendings.entries(),
    close() {
      for (const watch of anchors.all()) watch.stop();
      return auditor.close();
    },
  };
}

function createQualityBook({ lanes, gates, anchors, canaries, outcomes }: QualityParts): QualityBook {
  return {
    difficulty: (policy) => gates.last(policy)?.quality() ?? null,
    anchors: (policy) => anchors.last(policy)?.quality() ?? [],
    canaries: (policy) => shownCanaries(canaries.last(policy)),
    lanes: (team, policy) =>
      (lanes.last(policy)?.ofTeam(team) ?? []).map((lane) => ({
        ...lane.quality(),
        goldAgreement: outcomes.agreement(team, policy, lane.scope.stratum),
      })),
  };
}

interface QualityParts {
  readonly lanes: Memory<Lanes>;
  readonly gates: Memory<PolicyGate>;
  readonly anchors: Memory<AnchorWatch>;
  readonly canaries: Memory<CanaryRecord>;
  readonly outcomes: OutcomeBook;
}

function createPolicyCanaries(
  { canaries, target }: PolicyConfig,
  items: number,
  { clock }: Parts,
): CanaryRecord {
  const { share = 0 } = canaries ?? {};
  return createCanaryRecord({ share, items, since: clock.now(), target: target?.agreement ?? null });
}

function pageOf(lanes: Lanes | undefined, query: ObservationQuery): ObservationPage | null {
  return lanes === undefined ? null : observationPage(lanes, query);
}

/** Null for a policy without canaries. */
function shownCanaries(record: CanaryRecord | undefined): CanaryQuality | null {
  const quality = record?.quality() ?? null;
  return quality === null || quality.items === 0 ? null : quality;
}

/** What a policy's lanes rest on: with another of it they begin anew. */
function promiseOf(policy: PolicyConfig, target: Target, certificates: readonly Certificate[]): unknown {
  const { strata, audit, tiers, cache } = policy;
  const promise = [target, strata, audit, tiers, certificates.map(({ id }) => id)];
  return cache.semantic === undefined ? promise : [...promise, cache.semantic.maxError];
}

/** Things by name that are made anew when what they were made from has changed. */
interface Memory<T> {
  get(name: string, from: unknown, make: () => T): T;
  last(name: string): T | undefined;
  all(): T[];
  entries(): readonly (readonly [string, T])[];
}

function createMemory<T>(): Memory<T> {
  const known = new Map<string, { readonly from: string; readonly value: T }>();
  return {
    last: (name) => known.get(name)?.value,
    all: () => [...known.values()].map(({ value }) => value),
    entries: () => [...known].map(([name, { value }]) => [name, value] as const),
    get(name, from, make) {
      const text = JSON.stringify(from);
      const found = known.get(name);
      if (found?.from === text) return found.value;
      const value = make();
      known.set(name, { from: text, value });
      return value;
    },
  };
}

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const NANO = 1e9;

function createPolicySpending({ usd, per, errorUsd, whenOver }: BudgetConfig, parts: Parts): Spending {
  const money = { nanoUsd: usd * NANO, windowMs: PERIOD_MS[per], errorNanoUsd: errorUsd * NANO };
  return createSpending({ ...parts, pace: createSpendPace(money, parts.clock), choice: whenOver });
}

/** Until costs are measured: what a token, or an hour, of the first tier's engine costs over the last one's. */
function listedRatio(policy: PolicyConfig, config: Config): number {
  const priceOf = (tier: string | undefined): number => {
    const engine = config.engines[config.judges[tier ?? '']?.engine ?? ''];
    if (engine === undefined) return 0;
    return 'gpuHourUsd' in engine.cost
      ? engine.cost.gpuHourUsd * engine.cost.gpus
      : engine.cost.inputPerMtokUsd;
  };
  const [small, large] = [priceOf(policy.tiers[0]), priceOf(policy.tiers.at(-1))];
  return large > 0 ? Math.min(1, small / large) : 1;
}

/** A lane that was kept knows itself whether what it was given is still in force. */
function installed(lanes: Lanes, certificates: readonly Certificate[]): Lanes {
  for (const given of certificates) {
    const { team, stratum } = given.scope;
    if (!lanes.has(team, stratum)) lanes.of(team, stratum).install(given);
  }
  return lanes;
}

/** Another gateway withdrew its certificate for this lane: what it saw speaks against this one's too. */
function doubt(lanes: Lanes | undefined, { team, stratum }: LaneScope, detail: string): void {
  if (lanes?.has(team, stratum) !== true) return;
  const lane = lanes.of(team, stratum);
  if (lane.certificate() !== null) lane.doubt(`by another gateway: ${detail}`);
}

interface LaneParts {
  readonly parts: Parts;
  readonly archive: EvidenceArchive | null;
  /** Hash of what the policy promises: evidence for another promise is not taken up. */
  readonly basis: string;
}

function createPolicyLanes(
  name: string,
  policy: PolicyConfig,
  target: Target,
  { parts, archive, basis }: LaneParts,
): Lanes {
  const factory: LaneFactory = {
    keeper: archive?.keeperOf(basis),
    target: provenTarget(target, policy.cache),
    reuseError: policy.cache.semantic?.maxError ?? 0,
    risk: target.risk,
    auditShare: policy.audit.share,
    reference: target.reference,
    now: () => parts.clock.now(),
    certify: (items, about) =>
      certifyChain(items, {
        ...about,
        target: provenTarget(target, policy.cache),
        risk: target.risk,
        minimumCoverage: target.minimumCoverage,
        training: items.length >= TRAIN_FROM ? { kind: 'split', share: 0.3 } : { kind: 'none' },
        seed: 1,
        createdAt: parts.clock.now(),
      }),
    announce(event) {
      tellEvent(parts, event);
      archive?.keepEvent(event);
    },
  };
  return createLanes(name, policy.strata.length > 0, factory, archive?.lanes(name, basis));
}

/** What certificates must prove: labels of similar items use up a part of the errors that the policy allows. */
export function provenTarget<T extends Pick<Target, 'agreement'>>(
  target: T,
  cache: PolicyConfig['cache'],
): T {
  return { ...target, agreement: target.agreement + (cache.semantic?.maxError ?? 0) };
}

/** A judge that changed makes every certificate of the policy doubtful: it speaks in all of them. */
function createPolicyAnchors(
  name: string,
  policy: PolicyConfig,
  items: readonly AnchorItem[],
  { parts, auditor, lanes }: AnchorParts,
): AnchorWatch {
  const { everyMs = 60_000, tolerance = 0.05 } = policy.anchors ?? {};
  return createAnchorWatch({
    policy: name,
    items,
    tolerance,
    everyMs,
    timeoutMs: policy.deadlineMs,
    auditor,
    clock: parts.clock,
    random: parts.random,
    observer: parts.telemetry?.verdicts,
    alarm(judge, detail) {
      parts.logger.warn({ event: 'anchor_alarm', policy: name, judge, detail }, 'drift of a judge');
      for (const lane of lanes()?.all() ?? []) lane.doubt(`${judge} drifted: ${detail}`);
    },
  });
}

interface AnchorParts {
  readonly parts: Parts;
  readonly auditor: Auditor;
  lanes(): Lanes | undefined;
}

/** Below this the labels are better spent on the proof than on training what is proven. */
const TRAIN_FROM = 500;

function tellEvent({ logger, telemetry }: Parts, { type, lane, detail }: LaneEvent): void {
  const event: ValueOf<'event'> = type;
  telemetry?.meter.counter('assay_certificate_events_total').of({ policy: lane.policy, event }).add();
  const fields = { event: type, ...lane, detail };
  if (type === 'certified') logger.info(fields, 'certificate in force');
  else if (type === 'refused') logger.info(fields, 'no certificate yet');
  else if (type === 'alarm') logger.warn(fields, 'drift');
  else logger.warn(fields, 'certificate gone');
}
