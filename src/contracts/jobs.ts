import type { Problem } from '../domain/errors.ts';
import type { JobCommand, JobState, OutcomeCounts, Priority, StopReason } from '../domain/job.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ItemInput } from './feedback.ts';

/** A durable job as everybody sees it. Instants are milliseconds since 1970 on the database's clock. */
export interface Job {
  readonly id: string;
  readonly team: string;
  readonly policy: string;
  readonly task: Task;
  readonly priority: Priority;
  readonly state: JobState;
  /** Why the rest is not judged; null while it is. */
  readonly stopReason: StopReason | null;
  /** Items that were accepted; each ends exactly once. */
  readonly items: number;
  /** Of them, those that could not be read: they end as `invalid_item`. */
  readonly invalid: number;
  readonly finished: number;
  readonly counts: OutcomeCounts;
  /** Number of the newest result; results are numbered from 1 as they come. */
  readonly lastSequence: number;
  readonly nanoUsd: number;
  /** What the job may cost; null for no bound. */
  readonly budgetNanoUsd: number | null;
  /** Results per second of late; null while nobody knows. */
  readonly perSecond: number | null;
  /** Name of the endpoint that is told of its end. */
  readonly webhook: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Items that have no end by then end as `timed_out`. */
  readonly expiresAt: number;
}

/** What a caller asks for beside the items. */
export interface JobRequest {
  readonly team: string;
  readonly task: Task;
  readonly policy: string;
  readonly priority: Priority;
  /** Seconds from acceptance; null for the longest that is allowed. */
  readonly deadlineSeconds: number | null;
  readonly budgetNanoUsd: number | null;
  readonly webhook: string | null;
  /** True refuses the whole when any line cannot be read. */
  readonly strict: boolean;
  /** The caller's own name for this submission; null for none. */
  readonly idempotencyKey: string | null;
}

/** One line of the body, counted from 1. */
export interface JobLine {
  readonly line: number;
  readonly input: ItemInput;
}

/** The items as they come in. */
export interface JobIntake {
  readonly lines: AsyncIterable<JobLine>;
  /** SHA-256 of all that was sent, in hexadecimal; right once `lines` is at its end. */
  digest(): string;
}

/** Lines that cannot be judged: how many, and the first of them. */
export interface IntakeReport {
  readonly items: number;
  readonly invalid: number;
  readonly problems: readonly { readonly line: number; readonly problem: Problem }[];
}

export type Submission =
  | { readonly type: 'accepted'; readonly job: Job; readonly report: IntakeReport }
  /** The same key and the same body were accepted before: it is that job. */
  | { readonly type: 'replayed'; readonly job: Job }
  /** Asked to be strict, and something was wrong; nothing was kept. */
  | { readonly type: 'refused'; readonly report: IntakeReport };

/** `n` is the item's place in the job, from 0; `sequence` counts results as they came, from 1. */
export interface JobResult {
  readonly n: number;
  readonly sequence: number;
  readonly verdict: Verdict;
}

export type ResultOrder = 'item' | 'finished';

export interface ResultQuery {
  readonly order: ResultOrder;
  /** Give what comes after: the `n` of the item before, or its `sequence`. -1 or 0 begin at the start. */
  readonly after: number;
  /** Go on while the job runs, instead of ending with what there is. */
  readonly follow: boolean;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly hasMore: boolean;
}

/** What an act may change beside the state. */
export interface CommandChanges {
  readonly budgetNanoUsd?: number;
  readonly deadlineSeconds?: number;
}

/** Durable jobs as the surfaces use them. Everything is of one team; another team's job is `not_found`. */
export interface JobService {
  /**
   * Resolves `accepted` only when all items are committed. Throws `GatewayError`: `invalid_request` for a
   * body without items or with too many, `conflict` while the same key is coming in, `idempotency_mismatch`
   * when the key came with another body, `overloaded` when too many bodies come in at once.
   */
  submit(request: JobRequest, intake: JobIntake, signal: AbortSignal): Promise<Submission>;
  /** Newest first; `after` is the id of the last one seen. */
  /** Jobs of all teams, the newest first, at most `limit`: for operators alone. */
  newest(limit: number): Promise<readonly Job[]>;
  list(team: string, page: { readonly after: string | null; readonly limit: number }): Promise<JobPage>;
  find(team: string, id: string): Promise<Job>;
  /** In pieces, each as it is read. `item` order stops, or waits, at the first item without an end. */
  results(
    team: string,
    id: string,
    query: ResultQuery,
    signal: AbortSignal,
  ): AsyncIterable<readonly JobResult[]>;
  /** The job now, and again whenever it went on, until it has ended. */
  watch(team: string, id: string, signal: AbortSignal): AsyncIterable<Job>;
  /** Throws `conflict` when the command does not fit the state. */
  command(team: string, id: string, command: JobCommand, changes: CommandChanges): Promise<Job>;
}
