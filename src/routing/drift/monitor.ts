import type { Clock } from '../../contracts/clock.ts';
import {
  createDistributionWatch,
  type DistributionShift,
  type DistributionWatch,
  type Watched,
  WATCHED,
  type WatchState,
} from './distribution-watch.ts';
import {
  type AuditedItem,
  createLaneMonitor,
  type LaneAlarm,
  type LaneMonitor,
  type LaneOptions,
  type LaneState,
  restoreLaneMonitor,
} from './lane.ts';

/**
 * Watches all lanes for drift and says what it sees as events. It owns the detectors and their memory; it withdraws
 * nothing, asks nobody and draws no coins: who gets an `alarm` blocks the certificate and certifies anew.
 */
export interface DriftMonitor {
  /** Watches the lane from now on; a lane that is watched already goes on as it is. False when 4,096 are watched. */
  watch(lane: string, options: WatchOptions): boolean;
  /** Forgets a lane, such as that of a withdrawn certificate. */
  forget(lane: string): void;
  /** An audited item of a watched lane; items of others are ignored. */
  audited(lane: string, item: AuditedItem): DriftEvent | null;
  /** Every judgment of a watched lane: whatever of it is known. */
  judged(lane: string, seen: Readonly<Partial<Record<Watched, number>>>): DriftEvent[];
  /** An anchor item was judged again by the reference judge: whether it differs from the fixed label. */
  anchored(judge: string, error: boolean): DriftEvent | null;
  snapshot(): MonitorState;
}

export interface WatchOptions extends LaneOptions {
  /** Name of the lane's reference judge, whose anchor set tells its own drift from that of the data. */
  readonly reference: string;
}

interface EventHead {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The lane, or for `judge_drift` the judge. */
  readonly lane: string;
}

export type DriftEvent =
  /** The lane's risk is above the promised one. `cause`: what the anchor set says of the reference judge. */
  | (EventHead & {
      readonly type: 'alarm';
      readonly detail: LaneAlarm & { readonly cause: 'reference_judge' | 'data_or_small_judge' | 'unknown' };
    })
  /** The reference judge no longer answers its anchor set as it did: all lanes that stand on it are in doubt. */
  | (EventHead & { readonly type: 'judge_drift'; readonly detail: LaneAlarm })
  | (EventHead & { readonly type: 'warning'; readonly detail: DistributionShift });

/** Plain JSON. */
export interface MonitorState {
  readonly lanes: readonly StoredLane[];
  readonly anchors: readonly { readonly judge: string; readonly state: LaneState }[];
}

interface StoredLane {
  readonly lane: string;
  readonly reference: string;
  readonly state: LaneState;
  readonly watches: Readonly<Record<Watched, WatchState>>;
}

export interface MonitorOptions {
  readonly clock: Clock;
  /** Tolerated share of anchor items that the reference judge answers differently, in (0, 1). */
  readonly anchorAlpha: number;
}

interface WatchedLane {
  readonly reference: string;
  readonly monitor: LaneMonitor;
  readonly watches: Readonly<Record<Watched, DistributionWatch>>;
}

const MOST_LANES = 4_096;
const MOST_JUDGES = 256;
/** Anchor items after which silence speaks for the judge. */
const LEAST_ANCHORS = 50;

export function createDriftMonitor(options: MonitorOptions, from?: MonitorState): DriftMonitor {
  const { clock, anchorAlpha } = options;
  const lanes = new Map(from?.lanes.map((stored) => [stored.lane, restoredLane(stored)]));
  const anchors = new Map(from?.anchors.map(({ judge, state }) => [judge, restoreLaneMonitor(state)]));
  const anchorOf = (judge: string): LaneMonitor | undefined => {
    const known = anchors.get(judge);
    if (known !== undefined || anchors.size >= MOST_JUDGES) return known;
    const created = createLaneMonitor({ alpha: anchorAlpha, auditShare: 1 });
    anchors.set(judge, created);
    return created;
  };
  return {
    watch(lane, laneOptions) {
      if (!lanes.has(lane) && lanes.size >= MOST_LANES) return false;
      if (!lanes.has(lane)) lanes.set(lane, newLane(laneOptions));
      return true;
    },
    forget: (lane) => void lanes.delete(lane),
    audited(lane, item) {
      const watched = lanes.get(lane);
      const alarm = watched?.monitor.observe(item) ?? null;
      if (watched === undefined || alarm === null) return null;
      const cause = causeOf(anchors.get(watched.reference));
      return { type: 'alarm', at: clock.now(), lane, detail: { ...alarm, cause } };
    },
    judged(lane, seen) {
      const watches = lanes.get(lane)?.watches;
      if (watches === undefined) return [];
      return WATCHED.flatMap((name) => {
        const value = seen[name];
        const detail = value === undefined ? null : watches[name].observe(value);
        return detail === null ? [] : [{ type: 'warning' as const, at: clock.now(), lane, detail }];
      });
    },
    anchored(judge, error) {
      const detail = anchorOf(judge)?.observe({ error, probability: 1 }) ?? null;
      return detail === null ? null : { type: 'judge_drift', at: clock.now(), lane: judge, detail };
    },
    snapshot: () => ({
      lanes: [...lanes].map(([lane, watched]) => storedLane(lane, watched)),
      anchors: [...anchors].map(([judge, monitor]) => ({ judge, state: monitor.state() })),
    }),
  };
}

function causeOf(anchor: LaneMonitor | undefined): 'reference_judge' | 'data_or_small_judge' | 'unknown' {
  if (anchor?.alarmed === true) return 'reference_judge';
  const seen = anchor?.state().process.observations ?? 0;
  return seen >= LEAST_ANCHORS ? 'data_or_small_judge' : 'unknown';
}

function newLane({ reference, ...options }: WatchOptions): WatchedLane {
  return {
    reference,
    monitor: createLaneMonitor(options),
    watches: forEachWatched((name) => createDistributionWatch(name)),
  };
}

function restoredLane({ reference, state, watches }: StoredLane): WatchedLane {
  return {
    reference,
    monitor: restoreLaneMonitor(state),
    watches: forEachWatched((name) => createDistributionWatch(name, watches[name])),
  };
}

function storedLane(lane: string, { reference, monitor, watches }: WatchedLane): StoredLane {
  return {
    lane,
    reference,
    state: monitor.state(),
    watches: forEachWatched((name) => watches[name].state()),
  };
}

function forEachWatched<T>(make: (name: Watched) => T): Record<Watched, T> {
  return {
    confidence: make('confidence'),
    difficulty: make('difficulty'),
    position_inconsistent: make('position_inconsistent'),
    label_mass: make('label_mass'),
  };
}
