import { sql } from 'kysely';
import type { JobFigureReader, JobFigures } from '../../contracts/job-figures.ts';
import type { Store } from '../store.ts';

/** Reads how all jobs stand; open jobs and messages are found by their indexes. */
export function createJobFigureReader(store: Store): JobFigureReader {
  return {
    figures: () =>
      store.transaction(async (tx): Promise<JobFigures> => {
        const jobs = await tx
          .selectFrom('job')
          .select(['task as work', 'state'])
          .select(sql<number>`count(*)::int`.as('jobs'))
          .select(
            sql<number>`coalesce(sum(items - finished) FILTER (WHERE ended_at IS NULL), 0)::int`.as(
              'waiting',
            ),
          )
          .groupBy(['task', 'state'])
          .execute();
        const shards = await tx
          .selectFrom('job_shard')
          .select(sql<number>`count(*)::int`.as('leased'))
          .where('lease_token', 'is not', null)
          .executeTakeFirstOrThrow();
        const oldest = await tx
          .selectFrom('job')
          .select(ageMs('created_at'))
          .where('state', 'in', ['queued', 'running'])
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom('job_shard')
                .select('no')
                .whereRef('job_id', '=', 'job.id')
                .whereRef('job_shard.finished', '<', 'count')
                .where('lease_token', 'is', null),
            ),
          )
          .executeTakeFirstOrThrow();
        const outbox = await tx
          .selectFrom('outbox')
          .select([sql<number>`count(*)::int`.as('waiting'), ageMs('created_at')])
          .where('due_at', 'is not', null)
          .executeTakeFirstOrThrow();
        return {
          jobs,
          leasedShards: shards.leased,
          oldestMs: oldest.age,
          outbox: { waiting: outbox.waiting, oldestMs: outbox.age },
        };
      }),
  };
}

/** Of the oldest row; 0 without rows. */
function ageMs(column: 'created_at') {
  return sql<number>`coalesce(extract(epoch FROM now() - min(${sql.ref(column)})) * 1000, 0)::float8`.as(
    'age',
  );
}
