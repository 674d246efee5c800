import { sql, type Transaction } from 'kysely';
import type { ClaimedShard, JobWorkStore, PendingItem } from '../../contracts/job-store.ts';
import type { Tables } from '../tables.ts';
import { toPulse } from './job-row.ts';
import { now, nowPlus } from './time.ts';

type ClaimOptions = Parameters<JobWorkStore['claim']>[0];

/** Jobs that are looked at for one claim. */
const MOST_CANDIDATES = 20;

/**
 * Gives out the next shard: of the highest priority, then of the team and the job that have the fewest under
 * way, then of the oldest job. Two processes never get the same one: a shard that another is taking is skipped.
 */
export async function claim(tx: Transaction<Tables>, options: ClaimOptions): Promise<ClaimedShard | null> {
  for (const { id, budget_nano_usd: budget } of await candidates(tx)) {
    if (budget !== null && !(await isAlone(tx, id))) continue;
    const shard = await takeShard(tx, id, options);
    if (shard !== null) return shard;
  }
  return null;
}

function candidates(tx: Transaction<Tables>) {
  const leases = sql`SELECT job_id, count(*) AS leases FROM job_shard
    WHERE lease_token IS NOT NULL AND lease_until >= now() GROUP BY job_id`;
  return sql<{ id: string; budget_nano_usd: number | null }>`
    WITH under_way AS (${leases})
    SELECT j.id, j.budget_nano_usd FROM job j LEFT JOIN under_way u ON u.job_id = j.id
    WHERE j.ended_at IS NULL AND j.state IN ('queued', 'running', 'stopping')
      AND EXISTS (SELECT 1 FROM job_shard s WHERE s.job_id = j.id AND s.finished < s.count
        AND (s.lease_token IS NULL OR s.lease_until < now()))
    ORDER BY j.priority DESC,
      (SELECT coalesce(sum(o.leases), 0) FROM under_way o JOIN job p ON p.id = o.job_id WHERE p.team = j.team),
      coalesce(u.leases, 0), j.created_at, j.id
    LIMIT ${MOST_CANDIDATES}`
    .execute(tx)
    .then(({ rows }) => rows);
}

/** A job with a budget is worked on by one at a time, who so knows all that was spent. */
async function isAlone(tx: Transaction<Tables>, jobId: string): Promise<boolean> {
  const locked = await tx
    .selectFrom('job')
    .select('id')
    .where('id', '=', jobId)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (locked === undefined) return false;
  const other = await tx
    .selectFrom('job_shard')
    .select('no')
    .where('job_id', '=', jobId)
    .where('lease_token', 'is not', null)
    .where('lease_until', '>=', now)
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}

async function takeShard(
  tx: Transaction<Tables>,
  jobId: string,
  { token, leaseMs }: ClaimOptions,
): Promise<ClaimedShard | null> {
  const free = await tx
    .selectFrom('job_shard')
    .select('no')
    .where('job_id', '=', jobId)
    .whereRef('finished', '<', 'count')
    .where((is) => is.or([is('lease_token', 'is', null), is('lease_until', '<', now)]))
    .orderBy('no')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (free === undefined) return null;
  const shard = await tx
    .updateTable('job_shard')
    .set({
      lease_token: token,
      lease_until: nowPlus(leaseMs),
      losses: sql`losses + 1`,
    })
    .where('job_id', '=', jobId)
    .where('no', '=', free.no)
    .returning(['no', 'first', 'count', 'items', 'losses'])
    .executeTakeFirstOrThrow();
  const job = await startJob(tx, jobId);
  const items = await pendingItems(tx, jobId, shard);
  return {
    lease: { jobId, shard: shard.no, token },
    team: job.team,
    task: job.task,
    policy: job.policy,
    allowed: job.task === 'batch' ? await allowedOf(tx, jobId) : null,
    pulse: toPulse(job),
    leftMs: job.left_ms,
    losses: shard.losses,
    items,
  };
}

async function allowedOf(tx: Transaction<Tables>, jobId: string): Promise<readonly string[] | null> {
  const { allowed } = await tx
    .selectFrom('batch')
    .select('allowed')
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
  return allowed;
}

async function startJob(tx: Transaction<Tables>, jobId: string) {
  await tx
    .updateTable('job')
    .set({
      state: sql`CASE state WHEN 'queued' THEN 'running' ELSE state END`,
      started_at: sql`coalesce(started_at, now())`,
      mark_at: now,
      earlier_at: now,
      mark_sequence: sql`last_sequence`,
      earlier_sequence: sql`last_sequence`,
    })
    .where('id', '=', jobId)
    .where((is) => is.or([is('state', '=', 'queued'), is('earlier_at', 'is', null)]))
    .execute();
  return tx
    .selectFrom('job')
    .select(['team', 'task', 'policy', 'state', 'stop_reason', 'nano_usd', 'budget_nano_usd'])
    .select(sql<number>`(extract(epoch FROM expires_at - now()) * 1000)::float8`.as('left_ms'))
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
}

async function pendingItems(
  tx: Transaction<Tables>,
  jobId: string,
  shard: { first: number; count: number; items: string },
): Promise<PendingItem[]> {
  const ended = await tx
    .selectFrom('job_result')
    .select('n')
    .where('job_id', '=', jobId)
    .where('n', '>=', shard.first)
    .where('n', '<', shard.first + shard.count)
    .execute();
  const done = new Set(ended.map(({ n }) => n));
  // Written by `addShard` from items, and by nobody else.
  const inputs = JSON.parse(shard.items) as PendingItem['input'][];
  return inputs.map((input, index) => ({ n: shard.first + index, input })).filter(({ n }) => !done.has(n));
}
