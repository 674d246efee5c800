import type { Selectable, Transaction } from 'kysely';
import type { Batch } from '../../contracts/batches.ts';
import { batchStateOf, type BatchState } from '../../domain/batch.ts';
import { hasEnded, type JobState, type OutcomeCounts, type StopReason } from '../../domain/job.ts';
import type { Tables } from '../tables.ts';
import type { BatchTables } from './tables.ts';

/** A batch beside its job; the columns of the job are null when it is gone. */
export type BatchRow = Selectable<BatchTables['batch']> & {
  readonly state: JobState | null;
  readonly stop_reason: StopReason | null;
  readonly items: number | null;
  readonly finished: number | null;
  readonly counts: OutcomeCounts | null;
  readonly ended_at: Date | null;
};

export function selectBatches(db: Pick<Transaction<Tables>, 'selectFrom'>, team: string) {
  return db
    .selectFrom('batch')
    .leftJoin('job', 'job.id', 'batch.id')
    .selectAll('batch')
    .select(['job.state', 'job.stop_reason', 'job.items', 'job.finished', 'job.counts', 'job.ended_at'])
    .where('batch.team', '=', team);
}

export function toBatch(row: BatchRow): Batch {
  const succeeded = row.counts?.ok ?? 0;
  return {
    id: row.id,
    team: row.team,
    endpoint: row.endpoint,
    inputFileId: row.input_file_id,
    window: row.completion_window,
    metadata: row.metadata,
    state: stateOf(row),
    problems: row.problems,
    lines: row.items ?? 0,
    succeeded,
    failed: (row.finished ?? 0) - succeeded,
    usage: row.usage,
    outputFileId: row.output_file_id,
    errorFileId: row.error_file_id,
    createdAt: row.created_at.getTime(),
    expiresAt: row.created_at.getTime() + row.window_seconds * 1000,
    beganAt: row.began_at?.getTime() ?? null,
    endedAt: (row.ended_early_at ?? row.ended_at)?.getTime() ?? null,
    cancellingAt: row.cancelling_at?.getTime() ?? null,
  };
}

function stateOf({ state, stop_reason, cancelling_at }: BatchRow): BatchState {
  if (state === null) return cancelling_at === null ? 'failed' : 'cancelled';
  // A cancel that came when the last lines were just ending was still accepted: it ends as it was said.
  if (hasEnded(state) && cancelling_at !== null) return 'cancelled';
  return batchStateOf(state, stop_reason);
}
