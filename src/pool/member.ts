import type { CallStarter } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { ReplicaDetail } from '../contracts/admin.ts';
import type { EngineFailure, Replica, ReplicaLoad, ReplicaState } from '../contracts/engine.ts';
import type { EngineResilience, ReplicaGuard, Watchdog } from '../contracts/resilience.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { GatewayError } from '../domain/errors.ts';
import { hashOf } from '../domain/text-hash.ts';
import { type BusyMeter, createBusyMeter } from './busy-meter.ts';
import { createEngineFigures } from './engine-figures.ts';
import { createLoadEstimate, type LoadEstimate } from './load.ts';
import { createOutlier, type Outlier } from './outlier.ts';
import type { Candidate } from './picker.ts';
import { createReadiness } from './readiness.ts';
import { createSeats } from './seats.ts';
import { createTokenBook, type TokenBook } from './token-book.ts';
import type { PoolSettings } from './settings.ts';

/** One replica in a pool: what is known of it, and whether it may be used. */
export interface Member extends Candidate {
  readonly replica: Replica;
  readonly meter: BusyMeter;
  readonly guard: ReplicaGuard;
  readonly load: LoadEstimate;
  readonly outlier: Outlier;
  readonly watchdog: Watchdog;
  readonly tokens: TokenBook;
  /** Attempts on it; each is told when the replica turns out to be stuck. */
  readonly attempts: Set<(reason: GatewayError) => void>;
  /** Calls from here that are out. */
  running(): number;
  /** Calls from here that it bears at once, those that are out included; 0 when its breaker lets none in. */
  capacity(): number;
  /** Of them those that its engine works on at once. */
  working(): number;
  /** Its warm-up went well and nothing blamed it since. */
  isWarm(): boolean;
  state(): ReplicaState;
  detail(): ReplicaDetail;
  /** Its engine told its figures; `ours` of the requests are from here. */
  told(load: ReplicaLoad, ours: number): void;
  /** Takes the replica out until a warm-up succeeds. */
  blame(failure: EngineFailure): void;
  /** An operator's wish: it takes no new calls while true; those under way go on. */
  setDraining(draining: boolean): void;
  /** The same because its address is not the engine's any more. */
  setLeaving(leaving: boolean): void;
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
  /** It became ready, or stopped being so, or bears more or fewer calls. */
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
  const load = createLoadEstimate(clock);
  const figures = createEngineFigures(clock);
  const seats = createSeats(clock);
  const tokens = createTokenBook(clock);
  const attempts = new Set<(reason: GatewayError) => void>();
  const readiness = createReadiness(options);
  const outlier = createOutlier(settings.outlier, clock, () => options.mayEject(name));
  const presence = createPresence(options.onChange);
  const watchdog = createStuckWatch(options.resilience, readiness, attempts);
  const slowness = createSlowStart(settings.slowStartMs, readiness, clock);
  const { state, detail } = createViews({ ...options, meter, guard, figures, readiness, outlier, presence });
  return {
    replica,
    name,
    hash: hashOf(name),
    meter,
    guard,
    load,
    outlier,
    watchdog,
    tokens,
    attempts,
    isUsable: () => presence.reason() === null && readiness.reason() === null,
    isWarm: () => readiness.reason() === null,
    isEjected: () => outlier.isEjected(),
    refusal: () => guard.refusal() ?? (meter.running() < seats.current() ? null : 'limit'),
    running: () => meter.running(),
    capacity: () => Math.min(guard.capacity(), seats.current()),
    working: () => Math.min(guard.capacity(), seats.working()),
    requests: () => meter.running() + figures.others(),
    others: () => figures.others(),
    cost: () => (load.cost(figures.others()) * (1 + figures.pressure())) / slowness(),
    state,
    detail,
    told(next, ours) {
      seats.told(next, ours);
      if (next.tokens !== undefined) tokens.told(next.tokens, readiness.readySince(), meter.running());
      options.onChange();
      const work = figures.told(next, ours);
      if (work === 'moved') watchdog.heard();
      if (work === 'still') watchdog.frozen();
    },
    blame: (failure) => readiness.lose(failure),
    setDraining: presence.setDraining,
    setLeaving: presence.setLeaving,
    async close() {
      watchdog.close();
      await readiness.close();
      await replica.close();
    },
  };
}

type Readiness = ReturnType<typeof createReadiness>;

/** A stuck replica loses its readiness, and everything that waits for it ends. */
function createStuckWatch(
  resilience: EngineResilience,
  readiness: Readiness,
  attempts: ReadonlySet<(reason: GatewayError) => void>,
): Watchdog {
  return resilience.createWatchdog((silentMs) => {
    const message = `the engine is stuck: calls are out, but no token came for ${Math.round(silentMs)} ms`;
    readiness.lose({ code: 'engine_unavailable', message, sent: true, blamesReplica: true });
    for (const abort of attempts) abort(new GatewayError('engine_error', message));
  });
}

/** How much of its load a replica takes up that just became ready, from the floor to 1. */
function createSlowStart(slowStartMs: number, readiness: Readiness, clock: Clock): () => number {
  return () => {
    if (slowStartMs === 0) return 1;
    const share = (clock.monotonic() - readiness.readySince()) / slowStartMs;
    return share >= 1 ? 1 : Math.max(SLOW_START_FLOOR, share);
  };
}

interface Presence {
  /** Why it takes no new calls although it is well; null when it does. */
  reason(): 'leaving' | 'draining' | null;
  isDraining(): boolean;
  setDraining(value: boolean): void;
  setLeaving(value: boolean): void;
}

function createPresence(onChange: () => void): Presence {
  let draining = false;
  let leaving = false;
  return {
    reason: () => (leaving ? 'leaving' : draining ? 'draining' : null),
    isDraining: () => draining,
    setDraining(value) {
      draining = value;
      onChange();
    },
    setLeaving(value) {
      leaving = value;
      onChange();
    },
  };
}

interface Viewed {
  readonly name: string;
  readonly replica: Replica;
  readonly meter: BusyMeter;
  readonly guard: ReplicaGuard;
  readonly figures: ReturnType<typeof createEngineFigures>;
  readonly readiness: Readiness;
  readonly outlier: Outlier;
  readonly presence: Presence;
}

/** How a replica looks to users and to operators. */
function createViews({ name, replica, meter, guard, figures, readiness, outlier, presence }: Viewed) {
  const reason = (): string | null =>
    presence.reason() ??
    readiness.reason() ??
    (outlier.isEjected() ? 'ejected for failing again and again' : null);
  const state = (): ReplicaState => ({
    name,
    url: replica.url,
    ready: reason() === null,
    inFlight: meter.running(),
    reason: reason(),
    report: readiness.report(),
  });
  const detail = (): ReplicaDetail => ({
    ...state(),
    draining: presence.isDraining(),
    drained: presence.isDraining() && meter.running() === 0,
    ejected: outlier.isEjected(),
    breaker: guard.breaker(),
    limit: guard.limit(),
    load: figures.last(),
  });
  return { state, detail };
}
