import type { Evidence } from './compose-evidence.ts';
import type { Config } from './config/schema.ts';
import type { CacheOperations } from './contracts/cache.ts';
import type { EngineDetail, RecentVerdicts } from './contracts/admin.ts';
import type { Clock } from './contracts/clock.ts';
import type { Exposition, Meter } from './contracts/metrics.ts';
import type {
  AuditObserver,
  EngineObserver,
  RequestObserver,
  VerdictObserver,
} from './contracts/observers.ts';
import type { Tracing } from './contracts/tracing.ts';
import { createMetricsServer, type MetricsServer } from './http/metrics.ts';
import { packageVersion } from './compose-state.ts';
import { type LabelName, LABELS } from './domain/metrics.ts';
import { createEngineMeter } from './telemetry/engine-meter.ts';
import { readCache, readEngines, readQuality, readQueues } from './telemetry/gauges.ts';
import { createPrometheusMeter } from './telemetry/prometheus-meter.ts';
import { watchProcess } from './telemetry/process-gauges.ts';
import { createRecentVerdicts } from './telemetry/recent-verdicts.ts';
import { createRequestMeter } from './telemetry/request-meter.ts';
import { createVerdictMeter } from './telemetry/verdict-meter.ts';

/** The figures of one gateway: what rooms count with, and what Prometheus reads. Outlives reloads. */
export interface Telemetry {
  readonly meter: Meter;
  readonly exposition: Exposition;
  readonly verdicts: VerdictObserver & AuditObserver;
  readonly recent: RecentVerdicts;
  readonly requests: RequestObserver;
  readonly tracing: Tracing;
  engine(id: string): EngineObserver;
  /** The names that labels may have from now on. */
  use(config: Config): void;
  /** The teams of file and ledger; figures name the first 500. */
  useTeams(teams: Iterable<string>): void;
}

export function createTelemetry(tracing: Tracing, clock: Clock): Telemetry {
  let names: Names = {};
  let ofConfig: Names = {};
  let teams = OWN_TEAMS;
  const renew = (): void => {
    names = { ...ofConfig, team: new Set(teams), name: new Set([...teams, ...(ofConfig.policy ?? [])]) };
  };
  const registry = createPrometheusMeter({ known: (label, value) => names[label]?.has(value) ?? true });
  const engines = new Map<string, EngineObserver>();
  const figures = createVerdictMeter(registry);
  const recent = createRecentVerdicts(clock);
  return {
    meter: registry,
    exposition: registry,
    verdicts: {
      given(verdict, place) {
        figures.given(verdict, place);
        recent.given(verdict, place);
      },
      audited: (audit) => figures.audited(audit),
    },
    recent,
    requests: createRequestMeter(registry),
    tracing,
    engine(id) {
      const found = engines.get(id) ?? createEngineMeter(registry, id);
      engines.set(id, found);
      return found;
    },
    useTeams(known) {
      teams = [...OWN_TEAMS, ...[...known].slice(0, MOST_TEAMS)];
      renew();
    },
    use(config) {
      ofConfig = namesOf(config);
      renew();
      beginCertificates(registry, config);
    },
  };
}

type Names = Partial<Record<LabelName, ReadonlySet<string>>>;

/** From 0, so that the first event of a kind is an increase already. */
function beginCertificates(meter: Meter, { policies }: Config): void {
  const events = meter.counter('assay_certificate_events_total');
  for (const [policy, { target }] of Object.entries(policies)) {
    if (target === undefined) continue;
    for (const event of LABELS.event.from) events.of({ policy, event });
  }
}

const MOST_TEAMS = 500;
/** Teams beside them: everybody without keys, and the program's own commands. */
const OWN_TEAMS: readonly string[] = ['default', 'local', 'assay:anchors'];

function namesOf({ policies, judges, engines }: Config): Names {
  return {
    policy: new Set(Object.keys(policies)),
    tier: new Set([...Object.keys(judges), 'none']),
    engine: new Set(Object.keys(engines)),
  };
}

/** What a running gateway can be asked for at a scrape. */
interface Readable {
  config(): Config;
  engines(): readonly EngineDetail[];
  readonly cache: Pick<CacheOperations, 'stats'>;
  readonly evidence: Evidence;
}

/** The port for metrics alone, with all that is read at a scrape; closing it ends the watch over the process. */
export function createMetrics({ meter, exposition }: Telemetry, readable: Readable): MetricsServer {
  const server = createMetricsServer(exposition);
  const unwatch = watchProcess(meter);
  readGateway(meter, readable);
  return {
    listen: server.listen,
    async close() {
      unwatch();
      await server.close();
    },
  };
}

function readGateway(meter: Meter, { config, engines, evidence, cache }: Readable): void {
  readCache(meter, cache);
  const version = packageVersion();
  meter.read('assay_build_info', () => [{ labels: { version }, value: 1 }]);
  readEngines(meter, engines);
  readQueues(meter, engines);
  readQuality(meter, evidence.lanes);
  readPolicies(meter, config);
  meter.read('assay_audits_dropped_total', () => [{ labels: {}, value: evidence.auditor.dropped() }]);
  meter.read('assay_budget_level_ratio', () =>
    evidence.spendings().map(([policy, spending]) => ({ labels: { policy }, value: spending.level() })),
  );
}

const PERIOD_SECONDS = { minute: 60, hour: 3_600, day: 86_400 } as const;

/** What the configuration promises. */
function readPolicies(meter: Meter, config: () => Config): void {
  const policies = () => Object.entries(config().policies);
  meter.read('assay_policy_tier_info', () =>
    policies().flatMap(([policy, { tiers }]) =>
      tiers.map((tier) => ({
        labels: { policy, tier, role: tier === tiers.at(-1) ? 'reference' : 'small' },
        value: 1,
      })),
    ),
  );
  meter.read('assay_agreement_target_ratio', () =>
    policies().flatMap(([policy, { target }]) =>
      target === undefined ? [] : [{ labels: { policy }, value: target.agreement }],
    ),
  );
  meter.read('assay_budget_dollars_per_second', () =>
    policies().flatMap(([policy, { budget }]) =>
      budget === undefined ? [] : [{ labels: { policy }, value: budget.usd / PERIOD_SECONDS[budget.per] }],
    ),
  );
}
