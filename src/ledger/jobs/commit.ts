import { type Selectable, sql, type Transaction } from 'kysely';
import type { Commit, ItemEnd, Lease } from '../../contracts/job-store.ts';
import { endState, hasEnded, type OutcomeCounts } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { endBatch } from '../batches/batch-commit.ts';
import type { Tables } from '../tables.ts';
import { toPulse } from './job-row.ts';
import { keepCalls, keepVerdicts } from './kept-verdicts.ts';
import type { JobTables } from './tables.ts';
import { now, nowPlus } from './time.ts';

export interface CommitOptions {
  readonly leaseMs: number;
  readonly messageId: string;
}

type LockedJob = Selectable<JobTables['job']> & {
  readonly is_mark_old: boolean;
  readonly committed_at: Date;
};

/**
 * Ends items of a leased shard. The job's row is locked first: so results get their numbers in the order in
 * which they become visible, and whoever reads by number misses none. Called again after a commit whose answer
 * was lost, it changes nothing.
 */
export async function commit(
  tx: Transaction<Tables>,
  lease: Lease,
  ends: readonly ItemEnd[],
  options: CommitOptions,
): Promise<Commit> {
  const job = await lockJob(tx, lease.jobId);
  if (job === undefined) return { type: 'fenced' };
  if (!(await progress(tx, lease, ends.length, options.leaseMs))) {
    await payFor(tx, job, ends);
    return { type: 'fenced' };
  }
  const written = await writeResults(tx, job, ends);
  if (written.length < ends.length) await progress(tx, lease, written.length - ends.length, options.leaseMs);
  await keepVerdicts(tx, job, written);
  const after = await updateJob(tx, job, written);
  if (job.task === 'batch') await endBatch(tx, after, written);
  if (hasEnded(after.state) && job.webhook !== null) await tell(tx, after, job.webhook, options.messageId);
  return { type: 'committed', pulse: toPulse(after) };
}

/** Time between two marks of progress. */
const MARK_MS = 10_000;

function lockJob(tx: Transaction<Tables>, jobId: string): Promise<LockedJob | undefined> {
  return tx
    .selectFrom('job')
    .selectAll()
    .select(sql<Date>`now()`.as('committed_at'))
    .select(sql<boolean>`coalesce(mark_at < ${nowPlus(-MARK_MS)}, true)`.as('is_mark_old'))
    .where('id', '=', jobId)
    .where('state', '<>', 'receiving')
    .forUpdate()
    .executeTakeFirst();
}

/** Renews the lease and counts; false when the lease is somebody else's by now. */
async function progress(
  tx: Transaction<Tables>,
  { jobId, shard, token }: Lease,
  count: number,
  leaseMs: number,
): Promise<boolean> {
  const row = await tx
    .updateTable('job_shard')
    .set({ finished: sql`finished + ${count}`, lease_until: nowPlus(leaseMs), losses: 1 })
    .where('job_id', '=', jobId)
    .where('no', '=', shard)
    .where('lease_token', '=', token)
    .returning('no')
    .executeTakeFirst();
  return row !== undefined;
}

/** A label under a lost lease is dropped; that it cost money stays true. */
async function payFor(tx: Transaction<Tables>, job: LockedJob, ends: readonly ItemEnd[]): Promise<void> {
  const spent = costOf(ends);
  await tx
    .updateTable('job')
    .set({ nano_usd: sql`nano_usd + ${spent}` })
    .where('id', '=', job.id)
    .execute();
  await keepCalls(tx, job, ends);
}

/** Gives back those that had no end before. */
async function writeResults(
  tx: Transaction<Tables>,
  job: LockedJob,
  ends: readonly ItemEnd[],
): Promise<ItemEnd[]> {
  const rows = ends.map((end, index) => ({
    job_id: job.id,
    n: end.n,
    sequence: job.last_sequence + index + 1,
    outcome: outcomeOf(end),
    verdict: 'line' in end ? end.line.text : JSON.stringify(end.verdict),
  }));
  const inserted = await tx
    .insertInto('job_result')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning('n')
    .execute();
  const places = new Set(inserted.map(({ n }) => n));
  return ends.filter(({ n }) => places.has(n));
}

async function updateJob(tx: Transaction<Tables>, job: LockedJob, ends: readonly ItemEnd[]) {
  const finished = job.finished + ends.length;
  const lastSequence = job.last_sequence + ends.length;
  const hasAll = finished >= job.items;
  const marks = {
    mark_at: now,
    mark_sequence: lastSequence,
    earlier_at: sql`coalesce(mark_at, now())`,
    earlier_sequence: job.mark_at === null ? lastSequence : job.mark_sequence,
  };
  return tx
    .updateTable('job')
    .set({
      finished,
      last_sequence: lastSequence,
      counts: JSON.stringify(countsAfter(job.counts, ends)),
      nano_usd: job.nano_usd + costOf(ends),
      ...(job.is_mark_old ? marks : {}),
      ...(hasAll ? { state: endState(job.stop_reason), ended_at: now } : {}),
    })
    .where('id', '=', job.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

function countsAfter(before: OutcomeCounts, ends: readonly ItemEnd[]): OutcomeCounts {
  const counts = { ...before };
  for (const end of ends) {
    const outcome = outcomeOf(end);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

function outcomeOf(end: ItemEnd): Outcome {
  return 'line' in end ? end.line.outcome : end.verdict.outcome;
}

/** Lines of batches are not priced: their replies tell tokens. */
function costOf(ends: readonly ItemEnd[]): number {
  return ends.reduce((sum, end) => sum + ('line' in end ? 0 : end.verdict.cost.nanoUsd), 0);
}

/** Writes the message that the job has ended; it is sent later, from the outbox. */
async function tell(
  tx: Transaction<Tables>,
  job: Selectable<JobTables['job']>,
  endpoint: string,
  messageId: string,
): Promise<void> {
  const type = `job.${job.state}`;
  const created = Math.floor((job.ended_at?.getTime() ?? 0) / 1000);
  const data = {
    id: job.id,
    state: job.state,
    items: job.items,
    counts: job.counts,
    cost_usd: job.nano_usd / 1e9,
  };
  const payload = { id: messageId, object: 'event', type, created_at: created, data };
  await tx
    .insertInto('outbox')
    .values({
      id: messageId,
      team: job.team,
      endpoint,
      type,
      payload: JSON.stringify(payload),
      problem: null,
    })
    .execute();
}
