import type { Expression, ExpressionBuilder, SqlBool, Transaction } from 'kysely';
import type { JobPulse, JobStore, JobWorkStore } from '../../contracts/job-store.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { claim } from './claim.ts';
import { commit } from './commit.ts';
import { toPulse } from './job-row.ts';
import { createOutbox } from './outbox.ts';
import { createReader } from './reader.ts';
import { createReception } from './reception.ts';
import { now, nowPlus } from './time.ts';

/** Jobs in PostgreSQL; what the methods promise stands in the contract. */
export function createJobStore(store: Store): JobStore {
  return {
    ...createReception(store),
    ...createReader(store),
    ...createWorkStore(store),
    ...createOutbox(store),
  };
}

function createWorkStore(store: Store): JobWorkStore {
  return {
    claim: (options) => store.transaction((tx) => claim(tx, options)),
    renew: (tokens, leaseMs) => renew(store, tokens, leaseMs),
    commit: (lease, ends, options) => store.transaction((tx) => commit(tx, lease, ends, options)),
    async release({ jobId, shard, token }) {
      // Given back on purpose, it was not lost.
      await store.run((db) =>
        db
          .updateTable('job_shard')
          .set({ lease_token: null, lease_until: null, losses: 0 })
          .where('job_id', '=', jobId)
          .where('no', '=', shard)
          .where('lease_token', '=', token)
          .execute(),
      );
    },
    async stop(jobId, reason) {
      await store.run((db) =>
        db
          .updateTable('job')
          .set({ state: 'stopping', stop_reason: reason })
          .where('id', '=', jobId)
          .where('state', 'in', ['queued', 'running', 'paused'])
          .execute(),
      );
    },
    releaseAll: () => releaseAll(store),
    sweep: (options) => sweep(store, options),
  };
}

async function renew(
  store: Store,
  tokens: readonly string[],
  leaseMs: number,
): Promise<ReadonlyMap<string, JobPulse>> {
  const rows = await store.run((db) =>
    db
      .updateTable('job_shard')
      .from('job')
      .set({ lease_until: nowPlus(leaseMs) })
      .whereRef('job.id', '=', 'job_shard.job_id')
      .where('lease_token', 'in', tokens)
      .returning(['lease_token', 'job.state', 'job.stop_reason', 'job.nano_usd', 'job.budget_nano_usd'])
      .execute(),
  );
  return new Map(rows.map((row) => [row.lease_token ?? '', toPulse(row)]));
}

async function releaseAll(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx
      .updateTable('job_shard')
      .set({ lease_token: null, lease_until: null })
      .where('lease_token', 'is not', null)
      .execute();
    await tx.updateTable('batch').set({ reader_until: now }).where('reader_until', '>', now).execute();
    await forgetJobs(tx, isComingIn);
  });
}

const DAY_MS = 86_400_000;

async function sweep(
  store: Store,
  { receivingMs, retentionDays }: { receivingMs: number; retentionDays: number },
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx
      .updateTable('job')
      .set({ state: 'stopping', stop_reason: 'expired' })
      .where('state', 'in', ['queued', 'running', 'paused'])
      .where('expires_at', '<', now)
      .execute();
    await forgetJobs(tx, (is) =>
      is.or([
        is.and([isComingIn(is), is('touched_at', '<', nowPlus(-receivingMs))]),
        is('ended_at', '<', nowPlus(-retentionDays * DAY_MS)),
      ]),
    );
    await tx
      .deleteFrom('outbox')
      .where('due_at', 'is', null)
      .where('created_at', '<', nowPlus(-retentionDays * DAY_MS))
      .execute();
  });
}

type JobColumns = ExpressionBuilder<Tables, 'job'>;

/** Its body is; the file of a batch is there already, and is read again when its reader died. */
function isComingIn(is: JobColumns): Expression<SqlBool> {
  return is.and([is('state', '=', 'receiving'), is('task', '<>', 'batch')]);
}

/** Deletes jobs with all that belongs to them. */
async function forgetJobs(
  tx: Transaction<Tables>,
  which: (is: JobColumns) => Expression<SqlBool>,
): Promise<void> {
  const gone = await tx.deleteFrom('job').where(which).returning('id').execute();
  const ids = gone.map(({ id }) => id);
  if (ids.length === 0) return;
  await tx.deleteFrom('job_shard').where('job_id', 'in', ids).execute();
  await tx.deleteFrom('job_result').where('job_id', 'in', ids).execute();
}
