import { sql, type Transaction } from 'kysely';
import type { JobReader } from '../../contracts/job-store.ts';
import type { CommandChanges, Job, JobResult } from '../../contracts/jobs.ts';
import { CALL_WORKS, type JobCommand, NOT_RETRIED, stateAfter } from '../../domain/job.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { type JobRow, readAt, toJob } from './job-row.ts';
import { now } from './time.ts';

export function createReader(store: Store): JobReader {
  return {
    async find(team, id) {
      const row = await store.run((db) => selectJob(db, team, id).executeTakeFirst());
      return row === undefined ? null : toJob(row);
    },
    async list(team, { after, limit }) {
      const rows = await store.run((db) => {
        const newest = selectJobs(db).where('team', '=', team);
        const rest =
          after === null
            ? newest
            : newest.where(
                sql<boolean>`(created_at, id) < (SELECT created_at, id FROM job WHERE id = ${after} AND team = ${team})`,
              );
        return rest
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit + 1)
          .execute();
      });
      return { jobs: rows.slice(0, limit).map(toJob), hasMore: rows.length > limit };
    },
    async newest(limit) {
      const rows = await store.run((db) =>
        selectJobs(db).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute(),
      );
      return rows.map(toJob);
    },
    async results(id, { order, after, limit }) {
      const place = order === 'item' ? 'n' : 'sequence';
      const rows = await store.run((db) =>
        db
          .selectFrom('job_result')
          .select(['n', 'sequence', 'verdict'])
          .where('job_id', '=', id)
          .where(place, '>', after)
          .orderBy(place)
          .limit(limit)
          .execute(),
      );
      return rows.map(toResult);
    },
    command: (team, id, command, changes) =>
      store.transaction((tx) => apply(tx, { team, id, command, changes })),
  };
}

type Selecting = Pick<Transaction<Tables>, 'selectFrom'>;

/** Jobs that are whole; batches have a reader of their own. */
function selectJobs(db: Selecting) {
  return db
    .selectFrom('job')
    .selectAll()
    .select(readAt)
    .where('state', '<>', 'receiving')
    .where('task', 'not in', CALL_WORKS);
}

function selectJob(db: Selecting, team: string, id: string) {
  return selectJobs(db).where('id', '=', id).where('team', '=', team);
}

function toResult(row: { n: number; sequence: number; verdict: string }): JobResult {
  // Written by `commit` from a verdict, and by nobody else.
  return { n: row.n, sequence: row.sequence, verdict: JSON.parse(row.verdict) as Verdict };
}

interface Act {
  readonly team: string;
  readonly id: string;
  readonly command: JobCommand;
  readonly changes: CommandChanges;
}

async function apply(
  tx: Transaction<Tables>,
  { team, id, command, changes }: Act,
): Promise<{ readonly job: Job; readonly done: boolean } | null> {
  const row = await selectJob(tx, team, id).forUpdate().executeTakeFirst();
  if (row === undefined) return null;
  const next = stateAfter(command, row.state);
  if (next === null) return { job: toJob(row), done: false };
  if (command === 'retry-failed') await reopen(tx, row, changes);
  else if (next !== row.state) await moveTo(tx, id, next);
  return { job: toJob(await selectJob(tx, team, id).executeTakeFirstOrThrow()), done: true };
}

async function moveTo(tx: Transaction<Tables>, id: string, state: JobRow['state']): Promise<void> {
  const stop = state === 'stopping' ? { stop_reason: 'cancelled' as const } : {};
  // The time of a pause is no time of work.
  const marks = { mark_at: null, earlier_at: null };
  await tx
    .updateTable('job')
    .set({ state, ...stop, ...marks })
    .where('id', '=', id)
    .execute();
}

/** Takes back the ends that were failures, so that their items are pending again. */
async function reopen(tx: Transaction<Tables>, row: JobRow, changes: CommandChanges): Promise<void> {
  const gone = await tx
    .deleteFrom('job_result')
    .where('job_id', '=', row.id)
    .where('outcome', 'not in', [...NOT_RETRIED])
    .returning('outcome')
    .execute();
  if (gone.length === 0) return;
  const counts = new Map(Object.entries(row.counts));
  for (const { outcome } of gone) counts.set(outcome, (counts.get(outcome) ?? 0) - 1);
  const left = [...counts].filter(([, count]) => count > 0);
  await sql`UPDATE job_shard SET losses = 0, lease_token = NULL, lease_until = NULL, finished = (
      SELECT count(*) FROM job_result r
      WHERE r.job_id = job_shard.job_id AND r.n >= job_shard.first AND r.n < job_shard.first + job_shard.count
    ) WHERE job_id = ${row.id}`.execute(tx);
  await tx
    .updateTable('job')
    .set({
      state: 'queued',
      stop_reason: null,
      ended_at: null,
      mark_at: null,
      earlier_at: null,
      finished: row.finished - gone.length,
      counts: JSON.stringify(Object.fromEntries(left)),
      budget_nano_usd: changes.budgetNanoUsd ?? row.budget_nano_usd,
      deadline_seconds: changes.deadlineSeconds ?? row.deadline_seconds,
      expires_at: sql`${now} + ${changes.deadlineSeconds ?? row.deadline_seconds}::int * interval '1 second'`,
    })
    .where('id', '=', row.id)
    .execute();
}
