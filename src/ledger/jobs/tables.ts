import type { ColumnType, Generated } from 'kysely';
import type { JobState, JobWork, OutcomeCounts, StopReason } from '../../domain/job.ts';

/** Instants: read as `Date`, written only by the database's own clock. */
export type Instant = ColumnType<Date, never, unknown>;
export type InstantOrNull = ColumnType<Date | null, never, unknown>;

export interface JobTables {
  job: JobTable;
  job_shard: JobShardTable;
  job_result: JobResultTable;
  outbox: OutboxTable;
}

interface JobTable {
  id: string;
  team: string;
  policy: string;
  task: JobWork;
  /** Place in `PRIORITIES`: higher goes first. */
  priority: number;
  state: JobState;
  stop_reason: StopReason | null;
  idempotency_key: string | null;
  body_hash: string | null;
  items: Generated<number>;
  invalid: Generated<number>;
  finished: Generated<number>;
  last_sequence: Generated<number>;
  /** Written as JSON. */
  counts: ColumnType<OutcomeCounts, string | undefined, string>;
  nano_usd: Generated<number>;
  budget_nano_usd: number | null;
  deadline_seconds: number;
  webhook: string | null;
  created_at: Instant;
  /** The last time that a piece of its body came in. */
  touched_at: Instant;
  started_at: InstantOrNull;
  ended_at: InstantOrNull;
  expires_at: Instant;
  /** Two marks of the past, by which the rate of late is told; see `rate.ts`. */
  mark_at: InstantOrNull;
  mark_sequence: Generated<number>;
  earlier_at: InstantOrNull;
  earlier_sequence: Generated<number>;
}

interface JobShardTable {
  job_id: string;
  no: number;
  /** Place of its first item in the job. */
  first: number;
  count: number;
  finished: Generated<number>;
  /** The items as JSON; null once the job is over and nothing can be asked again. */
  items: string;
  lease_token: string | null;
  lease_until: InstantOrNull;
  /** Times that it was given out since one of its items last ended. */
  losses: Generated<number>;
}

/** One row for each item that ended. */
interface JobResultTable {
  job_id: string;
  n: number;
  sequence: number;
  outcome: string;
  /** The verdict as JSON; of a batch the line of its output or error file. */
  verdict: string;
}

interface OutboxTable {
  id: string;
  team: string;
  endpoint: string;
  type: string;
  payload: string;
  attempts: Generated<number>;
  created_at: Instant;
  /** When it is to be tried; null once it arrived or was given up. */
  due_at: InstantOrNull;
  delivered_at: InstantOrNull;
  problem: string | null;
}
