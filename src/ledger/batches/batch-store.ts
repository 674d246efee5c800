import { sql, type Transaction } from 'kysely';
import type { Batch, BatchStore, NewBatch } from '../../contracts/batches.ts';
import { hasEnded } from '../../domain/job.ts';
import { now, nowPlus } from '../jobs/time.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { selectBatches, toBatch } from './batch-row.ts';

/** Batches in PostgreSQL; what the methods promise stands in the contract. */
export function createBatchStore(store: Store): BatchStore {
  return {
    create: (batch) => store.transaction((tx) => create(tx, batch)),
    async find(team, id) {
      const row = await store.run((db) =>
        selectBatches(db, team).where('batch.id', '=', id).executeTakeFirst(),
      );
      return row === undefined ? null : toBatch(row);
    },
    async list(team, { after, limit }) {
      const rows = await store.run((db) => {
        const all = selectBatches(db, team);
        const last = sql`(SELECT created_at, id FROM batch WHERE id = ${after} AND team = ${team})`;
        const rest = after === null ? all : all.where(sql<boolean>`(batch.created_at, batch.id) < ${last}`);
        return rest
          .orderBy('batch.created_at', 'desc')
          .orderBy('batch.id', 'desc')
          .limit(limit + 1)
          .execute();
      });
      return { batches: rows.slice(0, limit).map(toBatch), hasMore: rows.length > limit };
    },
    cancel: (team, id) => store.transaction((tx) => cancel(tx, team, id)),
    claimUnread: (leaseMs) => store.transaction((tx) => claimUnread(tx, leaseMs)),
    async keepReading(id, leaseMs) {
      await store.run((db) =>
        db
          .updateTable('batch')
          .set({ reader_until: nowPlus(leaseMs) })
          .where('id', '=', id)
          .execute(),
      );
    },
    begin: (id, lines) => store.transaction((tx) => begin(tx, id, lines)),
    async fail(id, problems) {
      await store.transaction(async (tx) => {
        const ended = await endEarly(tx, id);
        if (!ended) return;
        await tx
          .updateTable('batch')
          .set({ problems: JSON.stringify(problems) })
          .where('id', '=', id)
          .execute();
      });
    },
    async sweep({ retentionDays }) {
      const isOld = sql`ended_early_at < now() - ${retentionDays}::int * interval '1 day'`;
      const hasNoJob = sql`ended_early_at IS NULL AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = batch.id)`;
      await store.run((db) =>
        db
          .deleteFrom('batch')
          .where(sql<boolean>`(${isOld}) OR (${hasNoJob})`)
          .execute(),
      );
    },
  };
}

async function create(tx: Transaction<Tables>, batch: NewBatch): Promise<Batch> {
  const { id, team, endpoint, allowed, metadata } = batch;
  await tx
    .insertInto('batch')
    .values({
      id,
      team,
      endpoint,
      allowed: allowed === null ? null : JSON.stringify(allowed),
      input_file_id: batch.inputFileId,
      completion_window: batch.window,
      window_seconds: batch.windowSeconds,
      metadata: metadata === null ? null : JSON.stringify(metadata),
      output_file_id: null,
      error_file_id: null,
    })
    .execute();
  await tx
    .insertInto('job')
    .values({
      id,
      team,
      policy: endpoint,
      task: 'batch',
      priority: 1,
      state: 'receiving',
      stop_reason: null,
      idempotency_key: null,
      body_hash: null,
      budget_nano_usd: null,
      deadline_seconds: batch.windowSeconds,
      webhook: null,
    })
    .execute();
  return toBatch(await selectBatches(tx, team).where('batch.id', '=', id).executeTakeFirstOrThrow());
}

async function cancel(
  tx: Transaction<Tables>,
  team: string,
  id: string,
): Promise<{ readonly batch: Batch; readonly done: boolean } | null> {
  const find = () => selectBatches(tx, team).where('batch.id', '=', id).executeTakeFirst();
  // The job's row is what everybody who changes its state takes first.
  await tx.selectFrom('job').select('id').where('id', '=', id).where('team', '=', team).forUpdate().execute();
  const row = await find();
  if (row === undefined) return null;
  const isOver = row.state === null || hasEnded(row.state);
  if (isOver) return { batch: toBatch(row), done: row.cancelling_at !== null };
  if (row.cancelling_at === null) {
    await tx.updateTable('batch').set({ cancelling_at: now }).where('id', '=', id).execute();
  }
  if (row.state === 'receiving') await endEarly(tx, id);
  else {
    await tx
      .updateTable('job')
      .set({ state: 'stopping', stop_reason: 'cancelled', mark_at: null, earlier_at: null })
      .where('id', '=', id)
      .where('state', 'in', ['queued', 'running', 'paused'])
      .execute();
  }
  const after = await find();
  return after === undefined ? null : { batch: toBatch(after), done: true };
}

async function claimUnread(tx: Transaction<Tables>, leaseMs: number) {
  const free = await tx
    .selectFrom('batch')
    .innerJoin('job', 'job.id', 'batch.id')
    .select('batch.id')
    .where('job.state', '=', 'receiving')
    .where('batch.reader_until', '<=', now)
    .orderBy('batch.created_at')
    .limit(1)
    .forUpdate('batch')
    .skipLocked()
    .executeTakeFirst();
  if (free === undefined) return null;
  const row = await tx
    .updateTable('batch')
    .set({ reader_until: nowPlus(leaseMs) })
    .where('id', '=', free.id)
    .returning(['id', 'team', 'endpoint', 'input_file_id'])
    .executeTakeFirstOrThrow();
  await tx.deleteFrom('job_shard').where('job_id', '=', free.id).execute();
  return { id: row.id, team: row.team, endpoint: row.endpoint, inputFileId: row.input_file_id };
}

async function begin(tx: Transaction<Tables>, id: string, lines: number): Promise<boolean> {
  const begun = await tx
    .updateTable('job')
    .set({
      state: 'queued',
      items: lines,
      expires_at: sql`created_at + deadline_seconds * interval '1 second'`,
    })
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  if (begun.numUpdatedRows === 0n) return false;
  await tx.updateTable('batch').set({ began_at: now }).where('id', '=', id).execute();
  return true;
}

/** The batch ends before its lines were begun with; false when it is past that. */
async function endEarly(tx: Transaction<Tables>, id: string): Promise<boolean> {
  const gone = await tx
    .deleteFrom('job')
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  if (gone.numDeletedRows === 0n) return false;
  await tx.deleteFrom('job_shard').where('job_id', '=', id).execute();
  await tx.updateTable('batch').set({ ended_early_at: now }).where('id', '=', id).execute();
  return true;
}
