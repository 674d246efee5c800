import { type Selectable, sql } from 'kysely';
import type { JobPulse } from '../../contracts/job-store.ts';
import type { Job } from '../../contracts/jobs.ts';
import { isCallWork, type JobWork, PRIORITIES } from '../../domain/job.ts';
import type { Task } from '../../domain/task.ts';
import type { JobTables } from './tables.ts';

/** A row of `job` with the database's clock. */
export type JobRow = Selectable<JobTables['job']> & { readonly read_at: Date };

/** To be selected beside the columns. */
export const readAt = sql<Date>`now()`.as('read_at');

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    team: row.team,
    policy: row.policy,
    task: feedbackOf(row.task),
    priority: PRIORITIES[row.priority] ?? 'normal',
    state: row.state,
    stopReason: row.stop_reason,
    items: row.items,
    invalid: row.invalid,
    finished: row.finished,
    counts: row.counts,
    lastSequence: row.last_sequence,
    nanoUsd: row.nano_usd,
    budgetNanoUsd: row.budget_nano_usd,
    perSecond: perSecondOf(row),
    webhook: row.webhook,
    createdAt: row.created_at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    endedAt: row.ended_at?.getTime() ?? null,
    expiresAt: row.expires_at.getTime(),
  };
}

/** Batches and responses are read by queries of their own. */
function feedbackOf(work: JobWork): Task {
  if (isCallWork(work)) throw new Error(`a ${work} was read as a job of feedback`);
  return work;
}

/** Under this the rate is mostly noise. */
const SHORTEST_SPAN_MS = 1_000;

/** Of the last 10 to 20 seconds while it runs, of its whole time once it ended. */
function perSecondOf(row: JobRow): number | null {
  const { started_at, ended_at, earlier_at } = row;
  if (started_at !== null && ended_at !== null) return rate(row.last_sequence, started_at, ended_at);
  if (earlier_at === null || row.state === 'paused') return null;
  const span = row.read_at.getTime() - earlier_at.getTime();
  if (span < SHORTEST_SPAN_MS) return null;
  return rate(row.last_sequence - row.earlier_sequence, earlier_at, row.read_at);
}

function rate(count: number, from: Date, to: Date): number | null {
  const ms = to.getTime() - from.getTime();
  return ms > 0 ? (count * 1000) / ms : null;
}

export function toPulse(
  row: Pick<JobRow, 'state' | 'stop_reason' | 'nano_usd' | 'budget_nano_usd'>,
): JobPulse {
  return {
    state: row.state,
    stopReason: row.stop_reason,
    nanoUsd: row.nano_usd,
    budgetNanoUsd: row.budget_nano_usd,
  };
}
