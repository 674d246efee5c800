import type { JobCommand, JobState, JobWork, Priority, StopReason } from '../domain/job.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { LineEnd, LineInput } from './batches.ts';
import type { ItemInput } from './feedback.ts';
import type { CommandChanges, Job, JobPage, JobResult, ResultOrder } from './jobs.ts';

/**
 * Where jobs are kept. Each method is one transaction; all times are the database's. Whoever works on a
 * shard holds a lease with a token: what is written under a token that is no longer the shard's is refused,
 * so that a process that slept cannot end an item twice. One row for each ended item, keyed by the item: a
 * second end has no place.
 */
export interface JobStore extends JobReception, JobReader, JobWorkStore, OutboxStore {}

export interface NewJob {
  readonly id: string;
  readonly team: string;
  readonly task: JobWork;
  /** Of a batch the path that its lines call. */
  readonly policy: string;
  readonly priority: Priority;
  readonly deadlineSeconds: number;
  readonly budgetNanoUsd: number | null;
  readonly webhook: string | null;
  readonly idempotencyKey: string | null;
}

export interface NewShard {
  readonly no: number;
  /** Place of its first item in the job. */
  readonly first: number;
  readonly count: number;
  /** `ItemInput`s, or `LineInput`s of a batch, as the text of a JSON list. */
  readonly items: string;
}

/** How a key stands when a body begins to come in. */
export type Opening =
  | { readonly type: 'opened' }
  /** An accepted job has this key. */
  | { readonly type: 'known'; readonly job: Job; readonly bodyHash: string }
  /** Another body with this key is coming in. */
  | { readonly type: 'under_way' };

/** Taking in the items of a job, piece by piece. */
export interface JobReception {
  open(job: NewJob): Promise<Opening>;
  addShard(jobId: string, shard: NewShard): Promise<void>;
  /** The promise: from now on each item of the job will end. Null when the job is gone. */
  accept(jobId: string, totals: { items: number; invalid: number; bodyHash: string }): Promise<Job | null>;
  /** Forgets a job that was not accepted. */
  abandon(jobId: string): Promise<void>;
}

export interface JobReader {
  find(team: string, id: string): Promise<Job | null>;
  list(team: string, page: { readonly after: string | null; readonly limit: number }): Promise<JobPage>;
  /** Jobs of all teams, the newest first. */
  newest(limit: number): Promise<readonly Job[]>;
  /** Results after `after` in the given order, at most `limit`. */
  results(
    id: string,
    page: { readonly order: ResultOrder; readonly after: number; readonly limit: number },
  ): Promise<readonly JobResult[]>;
  /** Null when there is no such job; the job as it is and `false` when the command does not fit its state. */
  command(
    team: string,
    id: string,
    command: JobCommand,
    changes: CommandChanges,
  ): Promise<{ readonly job: Job; readonly done: boolean } | null>;
}

/** The right to work on one shard, until it is neither renewed nor used for `leaseMs`. */
export interface Lease {
  readonly jobId: string;
  readonly shard: number;
  readonly token: string;
}

/** How a job stands, as its workers need to know. */
export interface JobPulse {
  readonly state: JobState;
  readonly stopReason: StopReason | null;
  readonly nanoUsd: number;
  readonly budgetNanoUsd: number | null;
}

export interface ClaimedShard {
  readonly lease: Lease;
  readonly team: string;
  readonly task: JobWork;
  readonly policy: string;
  /** Policies that the caller of a batch may use; null for all, and for other jobs. */
  readonly allowed: readonly string[] | null;
  readonly pulse: JobPulse;
  /** Milliseconds until the job expires. */
  readonly leftMs: number;
  /** Times that the shard was given out since one of its items last ended; 1 the first time. */
  readonly losses: number;
  /** Those of its items that have no end yet. */
  readonly items: readonly PendingItem[];
}

export interface PendingItem {
  readonly n: number;
  /** A `LineInput` in the shards of a batch, and only there. */
  readonly input: ItemInput | LineInput;
}

/** The verdict of an item, to be committed. */
export interface VerdictEnd {
  readonly n: number;
  readonly verdict: Verdict;
}

export type ItemEnd = VerdictEnd | LineEnd;

/** `fenced`: the lease was lost; labels were dropped, and what they cost was added to the job. */
export type Commit = { readonly type: 'committed'; readonly pulse: JobPulse } | { readonly type: 'fenced' };

/** Working on jobs. */
export interface JobWorkStore {
  /** The next shard by priority and fairness, or null when there is nothing to do. */
  claim(options: { readonly token: string; readonly leaseMs: number }): Promise<ClaimedShard | null>;
  /** Renews leases; a token that is missing in the answer was lost. */
  renew(tokens: readonly string[], leaseMs: number): Promise<ReadonlyMap<string, JobPulse>>;
  /** Ends items, with the shard's progress, the job's figures and, at its end, the message to tell of it. */
  commit(
    lease: Lease,
    ends: readonly ItemEnd[],
    options: { readonly leaseMs: number; readonly messageId: string },
  ): Promise<Commit>;
  /** Gives a shard back at once. */
  release(lease: Lease): Promise<void>;
  /** No more of this job is judged: its items end for this reason. */
  stop(jobId: string, reason: StopReason): Promise<void>;
  /** Gives back every lease and forgets bodies that were coming in: only for a store that no other process uses, before this one begins. */
  releaseAll(): Promise<void>;
  /** Expires jobs, forgets bodies that broke off, and deletes ended jobs after `retentionDays`. */
  sweep(options: { readonly receivingMs: number; readonly retentionDays: number }): Promise<void>;
}

/** A message that somebody outside is to be told. */
export interface Message {
  readonly id: string;
  readonly team: string;
  readonly endpoint: string;
  /** Such as `job.completed`. */
  readonly type: string;
  /** The body, as it is signed and sent. */
  readonly payload: string;
  /** Tries before this one. */
  readonly attempts: number;
}

/** The outbox: messages are written with what they tell of, and sent afterwards. */
export interface OutboxStore {
  /** Messages whose time has come; each is given to one process for `leaseMs`. */
  dueMessages(options: { readonly limit: number; readonly leaseMs: number }): Promise<readonly Message[]>;
  /** It arrived: it is never sent again. */
  delivered(id: string): Promise<void>;
  /** It did not arrive: again after `retryMs`, or never when that is null. `reason` is kept for people. */
  undelivered(id: string, retryMs: number | null, reason: string): Promise<void>;
}
