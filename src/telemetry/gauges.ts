import type { EngineDetail, ReplicaDetail } from '../contracts/admin.ts';
import type { CacheOperations } from '../contracts/cache.ts';
import type { Meter, Reading } from '../contracts/metrics.ts';
import type { LaneQuality } from '../contracts/quality.ts';
import { LABELS, type MetricNameOf } from '../domain/metrics.ts';
import { wilson } from '../statistics/binomial.ts';

/** Figures that somebody knows anyway, read when Prometheus asks. */

/** How engines and their replicas are. */
export function readEngines(meter: Meter, engines: () => readonly EngineDetail[]): void {
  meter.read('assay_engine_info', () =>
    engines().map(({ engine, kind, model, precision }) => ({
      labels: { engine, kind, model, precision: precision ?? 'unknown' },
      value: 1,
    })),
  );
  const perReplica = (name: ReplicaMetric, valueOf: (replica: ReplicaDetail) => number | null): void => {
    meter.read(name, () =>
      engines().flatMap(({ engine, replicas }) =>
        replicas.flatMap((replica) => {
          const value = valueOf(replica);
          return value === null ? [] : [{ labels: { engine, replica: replica.name }, value }];
        }),
      ),
    );
  };
  perReplica('assay_replica_ready', ({ ready }) => Number(ready));
  perReplica('assay_replica_in_flight', ({ inFlight }) => inFlight);
  perReplica('assay_replica_limit', ({ limit }) => limit);
  perReplica('assay_replica_ejected', ({ ejected }) => Number(ejected));
  perReplica('assay_replica_draining', ({ draining }) => Number(draining));
  perReplica('assay_replica_kv_cache_ratio', (replica) => freshLoad(replica)?.cacheUse ?? null);
  meter.read('assay_replica_breaker', () => forReplicas(engines(), breakerStates));
  meter.read('assay_replica_reported_requests', () => forReplicas(engines(), reportedRequests));
}

/** Who waits for a turn at each engine. */
export function readQueues(meter: Meter, engines: () => readonly EngineDetail[]): void {
  meter.read('assay_queue_waiting', () =>
    engines().flatMap(({ engine, queue }) =>
      queue.lines.map(({ class: name, team, waiting }) => ({
        labels: { engine, class: name, team },
        value: waiting,
      })),
    ),
  );
  meter.read('assay_queue_oldest_seconds', () =>
    engines().flatMap(({ engine, queue }) =>
      [...Map.groupBy(queue.lines, (line) => line.class)].map(([name, lines]) => ({
        labels: { engine, class: name },
        value: Math.max(...lines.map(({ oldestMs }) => oldestMs)) / 1_000,
      })),
    ),
  );
  meter.read('assay_queue_running', () =>
    engines().map(({ engine, queue }) => ({ labels: { engine }, value: queue.running })),
  );
  meter.read('assay_queue_capacity', () =>
    engines().flatMap(({ engine, queue: { capacity } }) =>
      capacity === null ? [] : [{ labels: { engine }, value: capacity }],
    ),
  );
}

type ReplicaMetric = Extract<
  MetricNameOf<'gauge'>,
  `assay_replica_${'ready' | 'in_flight' | 'limit' | 'ejected' | 'draining' | 'kv_cache_ratio'}`
>;

/** What an engine said longer ago says nothing about now. */
const FRESH_MS = 30_000;

function freshLoad({ load }: ReplicaDetail) {
  return load === null || load.ageMs > FRESH_MS ? null : load.load;
}

function forReplicas<T>(
  engines: readonly EngineDetail[],
  readings: (engine: string, replica: ReplicaDetail) => readonly T[],
): T[] {
  return engines.flatMap(({ engine, replicas }) => replicas.flatMap((replica) => readings(engine, replica)));
}

function breakerStates(engine: string, { name, breaker }: ReplicaDetail): Reading<'assay_replica_breaker'>[] {
  return (['closed', 'open', 'half_open'] as const).map((state) => ({
    labels: { engine, replica: name, breaker: state },
    value: Number(breaker === state),
  }));
}

function reportedRequests(
  engine: string,
  replica: ReplicaDetail,
): Reading<'assay_replica_reported_requests'>[] {
  const load = freshLoad(replica);
  if (load === null) return [];
  const labels = { engine, replica: replica.name };
  return [
    { labels: { ...labels, where: 'running' }, value: load.running },
    { labels: { ...labels, where: 'waiting' }, value: load.waiting },
  ];
}

/** What is kept, and how Redis does. */
export function readCache(meter: Meter, { stats }: Pick<CacheOperations, 'stats'>): void {
  const one = (value: number) => [{ labels: {}, value }];
  meter.read('assay_cache_entries', () => one(stats().memory.entries));
  meter.read('assay_cache_bytes', () => one(stats().memory.bytes));
  meter.read('assay_cache_limit_bytes', () => one(stats().memory.mostBytes));
  meter.read('assay_cache_evictions_total', () => one(stats().memory.evicted));
  meter.read('assay_cache_redis_state', () => {
    const { redis } = stats();
    if (redis === null) return [];
    return LABELS.redis.from.map((state) => ({
      labels: { redis: state },
      value: Number(redis.state === state),
    }));
  });
  meter.read('assay_cache_redis_total', () => {
    const { redis } = stats();
    if (redis === null) return [];
    const { hits, misses, away, refused, unreadable } = redis;
    const counts = { hit: hits, miss: misses, away, refused, unreadable };
    return Object.entries(counts).map(([answer, value]) => ({ labels: { answer }, value }));
  });
  meter.read('assay_cache_rechecks_total', () => {
    const { checked, disagreed, undecided } = stats().rechecks;
    const counts = { agreed: checked - disagreed, disagreed, undecided };
    return Object.entries(counts).map(([recheck, value]) => ({ labels: { recheck }, value }));
  });
}

type LaneFigures = Pick<LaneQuality, 'team' | 'policy' | 'state' | 'audited' | 'disagreed'>;

/** What certificates allow, and how well they hold; strata of a team's policy are summed up. */
export function readQuality(meter: Meter, lanes: () => readonly LaneFigures[]): void {
  meter.read('assay_lanes', () =>
    byTeamAndPolicy(lanes()).flatMap(({ team, policy, of }) =>
      (['cold', 'certified', 'blocked'] as const).map((state) => ({
        labels: { team, policy, state },
        value: of.filter((lane) => lane.state === state).length,
      })),
    ),
  );
  meter.read('assay_agreement_ratio', () =>
    byTeamAndPolicy(lanes()).flatMap(({ team, policy, of }) => {
      const audited = of.reduce((sum, lane) => sum + lane.audited, 0);
      if (audited === 0) return [];
      const agreed = audited - of.reduce((sum, lane) => sum + lane.disagreed, 0);
      const { low, high } = wilson(agreed, audited, LEVEL);
      return [
        { labels: { team, policy, bound: 'low' }, value: low },
        { labels: { team, policy, bound: 'estimate' }, value: agreed / audited },
        { labels: { team, policy, bound: 'high' }, value: high },
      ];
    }),
  );
}

const LEVEL = 0.9;

function byTeamAndPolicy(lanes: readonly LaneFigures[]) {
  const groups = Map.groupBy(lanes, ({ team, policy }) => JSON.stringify([team, policy]));
  return [...groups.values()].flatMap((of) => {
    const [first] = of;
    return first === undefined ? [] : [{ team: first.team, policy: first.policy, of }];
  });
}
