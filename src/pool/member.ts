import type { CallStarter } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure, Replica, ReplicaState } from '../contracts/engine.ts';
import type { EngineResilience, ReplicaGuard, Watchdog } from '../contracts/resilience.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { GatewayError } from '../domain/errors.ts';
import { hashOf } from './affinity.ts';
import { type BusyMeter, createBusyMeter } from './busy-meter.ts';
import { createReplicaLoad, type ReplicaLoad } from './load.ts';
import { createOutlier, type Outlier } from './outlier.ts';
import type { Candidate } from './picker.ts';
import { createReadiness } from './readiness.ts';
import type { PoolSettings } from './settings.ts';

/** One replica in a pool: what is known of it, and whether it may be used. */
export interface Member extends Candidate {
  readonly replica: Replica;
  readonly meter: BusyMeter;
  readonly guard: ReplicaGuard;
  readonly load: ReplicaLoad;
  readonly outlier: Outlier;
  readonly watchdog: Watchdog;
  /** Attempts on it; each is told when the replica turns out to be stuck. */
  readonly attempts: Set<(reason: GatewayError) => void>;
  state(): ReplicaState;
  /** Takes the replica out until a warm-up succeeds. */
  blame(failure: EngineFailure): void;
  /** Takes no new calls while true; those under way go on. */
  setDraining(draining: boolean): void;
  close(): Promise<void>;
}

export interface MemberOptions {
  readonly engine: string;
  readonly name: string;
  readonly replica: Replica;
  readonly warmUpTimeoutMs: number;
  readonly settings: PoolSettings;
  readonly resilience: EngineResilience;
  /** False when it is the last healthy one. */
  readonly mayEject: (name: string) => boolean;
  /** It became ready, or stopped being so. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly calls: CallStarter;
  readonly logger: Logger;
}

/** Share of its load that a replica takes up at once when it becomes ready. */
const SLOW_START_FLOOR = 0.1;

export function createMember(options: MemberOptions): Member {
  const { replica, name, clock, settings } = options;
  const meter = createBusyMeter(clock);
  const guard = options.resilience.createGuard();
  const load = createReplicaLoad(clock);
  const attempts = new Set<(reason: GatewayError) => void>();
  const readiness = createReadiness(options);
  const outlier = createOutlier(settings.outlier, clock, () => options.mayEject(name));
  let draining = false;

  const watchdog = options.resilience.createWatchdog((silentMs) => {
    const message = `the engine is stuck: calls are out, but no token came for ${Math.round(silentMs)} ms`;
    readiness.lose({ code: 'engine_unavailable', message, sent: true, blamesReplica: true });
    for (const abort of attempts) abort(new GatewayError('engine_error', message));
  });
  const slowness = (): number => {
    if (settings.slowStartMs === 0) return 1;
    const share = (clock.monotonic() - readiness.readySince()) / settings.slowStartMs;
    return share >= 1 ? 1 : Math.max(SLOW_START_FLOOR, share);
  };
  const reason = (): string | null => {
    if (draining) return 'draining';
    return readiness.reason() ?? (outlier.isEjected() ? 'ejected for failing again and again' : null);
  };
  return {
    replica,
    name,
    hash: hashOf(name),
    meter,
    guard,
    load,
    outlier,
    watchdog,
    attempts,
    isUsable: () => !draining && readiness.reason() === null,
    isEjected: () => outlier.isEjected(),
    refusal: () => guard.refusal(),
    running: () => meter.running(),
    cost: () => load.cost() / slowness(),
    state: () => ({
      name,
      url: replica.url,
      ready: reason() === null,
      inFlight: meter.running(),
      reason: reason(),
      report: readiness.report(),
    }),
    blame: (failure) => readiness.lose(failure),
    setDraining(value) {
      draining = value;
      options.onChange();
    },
    async close() {
      watchdog.close();
      await readiness.close();
      await replica.close();
    },
  };
}
