import type { Order } from '../domain/item.ts';
import type { AnyJudgment, Judgment } from '../domain/judgment.ts';
import type { ScoreJudgment } from '../domain/score.ts';
import type { RoutingResult } from './routing.ts';

/**
 * What a request wants of labels that were bought before: `normal` takes and keeps them, `refresh` asks anew
 * and keeps what comes, `bypass` does neither. The last two never share an answer under way.
 */
export type CacheUse = 'normal' | 'refresh' | 'bypass';

/** A result that may be given again, without its price, as it was judged. */
export interface Stored<J extends AnyJudgment = AnyJudgment> {
  readonly result: RoutingResult<J>;
  readonly tags: LabelTags;
}

export type StoredScore = Stored<ScoreJudgment>;

export interface StoredLabel extends Stored<Judgment> {
  /** How the candidates of its item stood: `ab` when the first sorts before the second. */
  readonly order: Order;
}

/** What labels can be found by when they are to be forgotten. */
export interface LabelTags {
  /** Every judge that was asked, by its configured name, and the key (`jdg_…`) of the one that decided. */
  readonly judges: readonly string[];
  /** Id of the rubric; null for the template's own. */
  readonly rubric: string | null;
  /** The policy that bought it; another one of the same judges and promises may be given it too. */
  readonly policy: string;
  /** A hash: no store holds the names of teams. */
  readonly team: string;
}

/** Labels whose tags have all that is named here. */
export interface LabelFilter {
  /** Name or key of a judge. */
  readonly judge?: string;
  readonly rubric?: string;
  readonly policy?: string;
  /** Name of a team. */
  readonly team?: string;
}

/** Keeps labels, or scores, in this process by key, bounded in bytes; what was not used for longest goes first. */
export interface LabelStore<L extends Stored = StoredLabel> {
  get(key: string): L | undefined;
  /** Replaces what is there. `ttlMs` is its time to live in milliseconds, > 0. */
  set(key: string, label: L, ttlMs: number): void;
  delete(key: string): void;
  /** Labels that fit. */
  count(filter: LabelFilter): number;
  /** Forgets them; returns how many there were. */
  drop(filter: LabelFilter): number;
  size(): {
    readonly entries: number;
    readonly bytes: number;
    readonly mostBytes: number;
    /** Labels that had to go for others before their time, since it was made. */
    readonly evicted: number;
  };
}

/**
 * Keeps labels, or scores, for several gateways. Whatever becomes of the store behind it, nothing here rejects or takes
 * longer than its bound: what cannot be had is not there.
 */
export interface SharedLabels<L extends Stored = StoredLabel> {
  /** The first label that one of `keys` has, with the time that it is still good, in milliseconds. */
  get(keys: readonly string[]): Promise<{ readonly label: L; readonly ttlMs: number } | undefined>;
  set(key: string, label: L, ttlMs: number): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Tells the other gateways that their own copies are out of date. */
  outdated(keys: readonly string[]): void;
  /** Labels that fit; null when the store does not answer. With `drop` they are forgotten, everywhere. */
  sweep(filter: LabelFilter, drop: boolean): Promise<number | null>;
  stats(): SharedLabelStats;
}

/** Of labels and scores together. */
export interface SharedLabelStats {
  /** `slow`: it answered too late a moment ago and is left alone until it answers in time. */
  readonly state: 'ready' | 'away' | 'slow';
  /** Since the start of this gateway. */
  readonly hits: number;
  readonly misses: number;
  /** Reads and writes that got no answer in time, or none at all. */
  readonly away: number;
  /** Writes that it refused, for instance because its memory is full. */
  readonly refused: number;
  /** Values that were no labels of ours: damaged, of another version, or of another type. */
  readonly unreadable: number;
}

/**
 * Judging once between gateways: whoever takes the lease of a key judges, the others wait for what comes of
 * it. A lease ends by itself when its holder is silent.
 */
export interface Leases {
  take(key: string): Promise<LeaseTaken>;
  /** How the flight of another gateway stands. */
  watch(key: string, holder: string): Promise<FlightState>;
}

export type LeaseTaken =
  | { readonly type: 'mine'; readonly lease: Lease }
  | { readonly type: 'theirs'; readonly holder: string }
  /** Nobody can tell: judge without one. */
  | { readonly type: 'away' };

export type FlightState =
  | { readonly type: 'flying' }
  /** It ended with what is shared with those who wait, but not kept. */
  | { readonly type: 'landed'; readonly result: RoutingResult }
  | { readonly type: 'gone' }
  | { readonly type: 'away' };

export interface Lease {
  /** Gives it up. `result` goes to those who wait now; null when there is none for them, or they find a label. */
  end(result: RoutingResult | null): Promise<void>;
}

/** What operators see of the cache and do with it; labels and scores are counted and forgotten alike. */
export interface CacheOperations {
  stats(): CacheStats;
  /** Labels that fit, by store; `redis` is null where there is none, or it does not answer. */
  count(filter: LabelFilter): Promise<SweptLabels>;
  /** Forgets them, in the memory of every gateway within about a second. */
  drop(filter: LabelFilter): Promise<SweptLabels>;
}

export interface SweptLabels {
  readonly memory: number;
  readonly redis: number | null;
}

export interface CacheStats {
  readonly memory: ReturnType<LabelStore['size']>;
  /** Null without Redis. */
  readonly redis: SharedLabelStats | null;
  readonly rechecks: RecheckStats;
  readonly semantic: SemanticStats;
}

/** What became of items that had a similar one, since the start of the gateway, and the memory they take. */
export interface SemanticStats {
  readonly entries: number;
  readonly bytes: number;
  readonly mostBytes: number;
  /** Items that had a similar one. */
  readonly found: number;
  /** Those that got its label. */
  readonly given: number;
  /** Those that were judged anew, to a label. */
  readonly compared: number;
  /** Those of them whose label was another. */
  readonly differed: number;
}

/** What became of stored labels that were judged anew, since the start of the gateway. */
export interface RecheckStats {
  readonly checked: number;
  /** Those of them that came out otherwise. */
  readonly disagreed: number;
  /** Those that came to no label, or found no room. */
  readonly undecided: number;
  /** Times that all labels of a judge were dropped. */
  readonly judgesDropped: number;
}
