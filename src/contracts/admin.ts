import type { CacheOperations } from './cache.ts';
import type { CostBook } from './costs.ts';
import type { ObservationPage, ObservationQuery } from './evidence.ts';
import type { Job } from './jobs.ts';
import type { VerdictPlace } from './observers.ts';
import type { LaneQuality } from './quality.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ReplicaLoad, ReplicaState, TokenCounts } from './engine.ts';
import type { QueueState } from './scheduling.ts';

/** A replica as operators see it. */
export interface ReplicaDetail extends ReplicaState {
  /** An operator took it out; calls under way go on. */
  readonly draining: boolean;
  /** It drains and has no call left: it may be stopped. */
  readonly drained: boolean;
  /** Out for a while because it failed again and again. */
  readonly ejected: boolean;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Calls that it is trusted with at once. */
  readonly limit: number;
  /** What its engine said of itself last, and how long ago; null when it never did. */
  readonly load: { readonly load: ReplicaLoad; readonly ageMs: number } | null;
}

/** Tokens of a replica since one instant: those of this gateway's calls, and those that its engine counted. */
export interface TokenComparison {
  /** When both counts began, in milliseconds since 1970. */
  readonly since: number;
  /** When the engine was last asked; both counts are of then. */
  readonly at: number;
  readonly ours: TokenCounts;
  readonly engine: TokenCounts;
  /** Calls from here whose tokens are not known: aborted, failed, without a usage, or out when the counts began. */
  readonly unknownCalls: number;
  /** Calls from here that were out at `at`: the engine may have counted a part of them. */
  readonly inFlight: number;
}

/** `tokens` is null where the engine does not count tokens, or was not asked yet. */
export interface ReplicaTokens {
  readonly engine: string;
  readonly replica: string;
  readonly tokens: TokenComparison | null;
}

/** An engine as operators see it. */
export interface EngineDetail {
  readonly engine: string;
  /** Such as `openai/vllm`. */
  readonly kind: string;
  readonly model: string;
  readonly precision: string | null;
  readonly replicas: readonly ReplicaDetail[];
  /** Who waits for it. */
  readonly queue: QueueState;
}

/** A verdict of this gateway, and for whom it was. */
export interface RecentVerdict extends VerdictPlace {
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The last verdicts of this gateway, kept in memory alone. */
export interface RecentVerdicts {
  /** The newest first, at most `limit`. */
  newest(limit: number): readonly RecentVerdict[];
}

/** What operators can see and do while the gateway runs; made by `compose`, offered by `http`. */
export interface Operations {
  engines(): readonly EngineDetail[];
  /** Asks every engine for its count of tokens, and sets this gateway's own beside it. */
  tokens(): Promise<readonly ReplicaTokens[]>;
  /** Takes a replica (`<engine>/<number>`) out, or back in; false when there is none of this name. */
  setDraining(replica: string, draining: boolean): boolean;
  reload(): Promise<ReloadResult>;
  readonly cache: CacheOperations;
  /** What all teams spent; null where nothing is kept. */
  costs(): CostBook | null;
  /** What certificates of a policy rest on, or would; null for a policy without a target, or of no such name. */
  observations(policy: string, query: ObservationQuery): ObservationPage | null;
  readonly verdicts: RecentVerdicts;
  /** Lanes of all teams and policies with a target: what small judges may decide there. */
  lanes(): readonly Omit<LaneQuality, 'goldAgreement'>[];
  /** Jobs of all teams, the newest first; null where nothing is kept. Throws `storage_unavailable`. */
  jobs(limit: number): Promise<readonly Job[] | null>;
}

/** How a configuration was taken over, or why it was not: then the one before stays. */
export type ReloadResult =
  | { readonly ok: true; readonly report: ReloadReport }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface ReloadReport {
  /** Engines by what became of them. A changed one was made anew. */
  readonly engines: {
    readonly kept: readonly string[];
    readonly changed: readonly string[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
  };
  /** New or changed engines that have no ready replica yet. */
  readonly notReady: readonly string[];
  /** Settings that changed in the file but count only after a restart. */
  readonly needRestart: readonly string[];
}

export interface ReloadProblem {
  readonly path: string;
  readonly line: number | null;
  readonly message: string;
}
