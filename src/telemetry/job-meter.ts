import type { JobFigures } from '../contracts/job-figures.ts';
import type { JobStore } from '../contracts/job-store.ts';
import type { Meter, Reading } from '../contracts/metrics.ts';
import type { MetricNameOf } from '../domain/metrics.ts';

/** How jobs and messages stand in the store: every gateway tells the same. */
export function readJobs(meter: Meter, figures: () => JobFigures | null): void {
  const read = <Name extends MetricNameOf<'gauge'>>(
    name: Name,
    readings: (now: JobFigures) => readonly Reading<Name>[],
  ): void => {
    meter.read(name, () => {
      const now = figures();
      return now === null ? [] : readings(now);
    });
  };
  read('assay_jobs', ({ jobs }) =>
    jobs.map(({ work, state, jobs: count }) => ({ labels: { work, job_state: state }, value: count })),
  );
  read('assay_job_items_waiting', ({ jobs }) =>
    [...Map.groupBy(jobs, ({ work }) => work)].map(([work, of]) => ({
      labels: { work },
      value: of.reduce((sum, { waiting }) => sum + waiting, 0),
    })),
  );
  const one = (value: number) => [{ labels: {}, value }];
  read('assay_job_shards_leased', ({ leasedShards }) => one(leasedShards));
  read('assay_job_oldest_seconds', ({ oldestMs }) => one(oldestMs / 1_000));
  read('assay_webhook_waiting', ({ outbox }) => one(outbox.waiting));
  read('assay_webhook_oldest_seconds', ({ outbox }) => one(outbox.oldestMs / 1_000));
}

/** The store, with what was committed and delivered through it counted. */
export function countedJobStore(store: JobStore, meter: Meter): JobStore {
  const items = meter.counter('assay_job_items_total');
  const deliveries = meter.counter('assay_webhook_deliveries_total');
  return {
    ...store,
    async commit(lease, ends, options) {
      const commit = await store.commit(lease, ends, options);
      if (commit.type === 'fenced') return commit;
      for (const end of ends)
        items.of({ outcome: 'verdict' in end ? end.verdict.outcome : end.line.outcome }).add();
      return commit;
    },
    async delivered(id) {
      await store.delivered(id);
      deliveries.of({ delivery: 'delivered' }).add();
    },
    async undelivered(id, retryMs, reason) {
      await store.undelivered(id, retryMs, reason);
      deliveries.of({ delivery: retryMs === null ? 'given_up' : 'failed' }).add();
    },
  };
}
