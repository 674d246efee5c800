import { type Insertable, sql, type Transaction } from 'kysely';
import type { JobReception, NewJob, Opening } from '../../contracts/job-store.ts';
import { PRIORITIES } from '../../domain/job.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { readAt, toJob } from './job-row.ts';
import type { JobTables } from './tables.ts';
import { now, nowPlus } from './time.ts';

/** Silence after which a body that was coming in counts as broken off, in milliseconds. */
export const RECEIVING_MS = 60_000;

export function createReception(store: Store): JobReception {
  return {
    open: (job) => store.transaction((tx) => open(tx, job)),
    async addShard(jobId, { no, first, count, items }) {
      const shard = { job_id: jobId, no, first, count, items };
      await store.transaction(async (tx) => {
        await tx.insertInto('job_shard').values(shard).execute();
        await tx.updateTable('job').set({ touched_at: now }).where('id', '=', jobId).execute();
      });
    },
    async accept(jobId, { items, invalid, bodyHash }) {
      const row = await store.run((db) =>
        db
          .updateTable('job')
          .set({
            state: 'queued',
            items,
            invalid,
            body_hash: bodyHash,
            expires_at: sql`now() + deadline_seconds * interval '1 second'`,
          })
          .where('id', '=', jobId)
          .where('state', '=', 'receiving')
          .returningAll()
          .returning(readAt)
          .executeTakeFirst(),
      );
      return row === undefined ? null : toJob(row);
    },
    abandon: (jobId) => store.transaction((tx) => forget(tx, jobId)),
  };
}

async function open(tx: Transaction<Tables>, job: NewJob): Promise<Opening> {
  if (await insert(tx, job)) return { type: 'opened' };
  const before = await tx
    .selectFrom('job')
    .selectAll()
    .select([readAt, sql<boolean>`touched_at < ${nowPlus(-RECEIVING_MS)}`.as('is_stale')])
    .where('team', '=', job.team)
    .where('idempotency_key', '=', job.idempotencyKey)
    .forUpdate()
    .executeTakeFirst();
  // Between the two statements it was given up: whoever asks again finds the way free.
  if (before === undefined) return { type: 'under_way' };
  if (before.state !== 'receiving') {
    return { type: 'known', job: toJob(before), bodyHash: before.body_hash ?? '' };
  }
  if (!before.is_stale) return { type: 'under_way' };
  await forget(tx, before.id);
  return (await insert(tx, job)) ? { type: 'opened' } : { type: 'under_way' };
}

/** False when the team has a job with this key. */
async function insert(tx: Transaction<Tables>, job: NewJob): Promise<boolean> {
  const row: Insertable<JobTables['job']> = {
    id: job.id,
    team: job.team,
    policy: job.policy,
    task: job.task,
    priority: PRIORITIES.indexOf(job.priority),
    state: 'receiving',
    stop_reason: null,
    idempotency_key: job.idempotencyKey,
    body_hash: null,
    budget_nano_usd: job.budgetNanoUsd,
    deadline_seconds: job.deadlineSeconds,
    webhook: job.webhook,
  };
  const inserted = await tx
    .insertInto('job')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

async function forget(tx: Transaction<Tables>, jobId: string): Promise<void> {
  const gone = await tx
    .deleteFrom('job')
    .where('id', '=', jobId)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  if (gone.numDeletedRows > 0n) await tx.deleteFrom('job_shard').where('job_id', '=', jobId).execute();
}
