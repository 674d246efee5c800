import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobStore } from '../../../src/contracts/job-store.ts';
import type { JobFigures } from '../../../src/contracts/job-figures.ts';
import { createFigureWatch } from '../../../src/jobs/figure-watch.ts';
import { createJobFigureReader } from '../../../src/ledger/jobs/figures.ts';
import { createJobStore } from '../../../src/ledger/jobs/job-store.ts';
import { countedJobStore, readJobs } from '../../../src/telemetry/job-meter.ts';
import { createPrometheusMeter } from '../../../src/telemetry/prometheus-meter.ts';
import { manualClock } from '../../fakes/clock.ts';
import { startTestStore, type TestStore } from '../../fakes/embedded-store.ts';
import { samplesOf, sumOf } from '../../fakes/exposition.ts';
import { itemsNamed, newJob, verdictWith } from '../../fakes/job-items.ts';

/** Figures of jobs at /metrics, of a job of three items in two shards, from its acceptance to its message. */
describe('figures of jobs', () => {
  let opened: TestStore;
  let store: JobStore;
  let figures: JobFigures | null = null;
  const meter = createPrometheusMeter({ known: () => true });
  beforeAll(async () => {
    opened = await startTestStore();
    store = countedJobStore(createJobStore(opened.store), meter);
    readJobs(meter, () => figures);
  }, 60_000);
  afterAll(() => opened[Symbol.asyncDispose]());

  const look = async () => {
    figures = await createJobFigureReader(opened.store).figures();
    return samplesOf(await meter.text());
  };

  it('say what waits, who works, what ended and what was told', async () => {
    const empty = await look();
    expect(sumOf(empty, 'assay_job_oldest_seconds')).toBe(0);
    expect(sumOf(empty, 'assay_webhook_waiting')).toBe(0);

    await store.open(newJob({ id: 'job_1', webhook: 'lake' }));
    for (const [no, items] of [itemsNamed(2), itemsNamed(1)].entries()) {
      await store.addShard('job_1', { no, first: no * 2, count: items.length, items: JSON.stringify(items) });
    }
    await store.accept('job_1', { items: 3, invalid: 0, bodyHash: 'h' });
    const queued = await look();
    expect(sumOf(queued, 'assay_jobs', { work: 'preference', job_state: 'queued' })).toBe(1);
    expect(sumOf(queued, 'assay_job_items_waiting', { work: 'preference' })).toBe(3);
    expect(sumOf(queued, 'assay_job_oldest_seconds')).toBeGreaterThan(0);

    const first = await store.claim({ token: 't1', leaseMs: 30_000 });
    const second = await store.claim({ token: 't2', leaseMs: 30_000 });
    if (first === null || second === null) throw new Error('there is no shard to claim');
    const running = await look();
    expect(sumOf(running, 'assay_job_shards_leased')).toBe(2);
    expect(sumOf(running, 'assay_job_oldest_seconds')).toBe(0);

    for (const [index, { lease, items }] of [first, second].entries()) {
      const ends = items.map(({ n }) => ({ n, verdict: verdictWith(`v${n}`) }));
      await store.commit(lease, ends, { leaseMs: 30_000, messageId: `msg_${index}` });
    }
    const done = await look();
    expect(sumOf(done, 'assay_jobs', { job_state: 'completed' })).toBe(1);
    expect(sumOf(done, 'assay_job_items_waiting')).toBe(0);
    expect(sumOf(done, 'assay_job_items_total', { outcome: 'ok' })).toBe(3);
    expect(sumOf(done, 'assay_webhook_waiting')).toBe(1);

    const [message] = await store.dueMessages({ limit: 1, leaseMs: 30_000 });
    await store.undelivered(message?.id ?? '', 1_000, 'away');
    await store.undelivered(message?.id ?? '', null, 'away');
    await store.delivered(message?.id ?? '');
    const told = await look();
    expect(sumOf(told, 'assay_webhook_waiting')).toBe(0);
    for (const delivery of ['failed', 'given_up', 'delivered']) {
      expect(sumOf(told, 'assay_webhook_deliveries_total', { delivery })).toBe(1);
    }
  });

  it('count nothing that a lost lease did not commit', async () => {
    const before = samplesOf(await meter.text());
    const lease = { jobId: 'job_1', shard: 0, token: 'lost' };
    const ends = [{ n: 0, verdict: verdictWith('late') }];
    const commit = await store.commit(lease, ends, { leaseMs: 30_000, messageId: 'msg_9' });
    expect(commit.type).toBe('fenced');
    const after = samplesOf(await meter.text());
    expect(sumOf(after, 'assay_job_items_total')).toBe(sumOf(before, 'assay_job_items_total'));
  });
});

it('are none while the store cannot be asked, and come back', async () => {
  const clock = manualClock();
  const answers: (JobFigures | Error)[] = [];
  const watch = createFigureWatch(
    {
      figures: async () => {
        const answer = answers.shift();
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('away');
        return answer;
      },
    },
    clock,
  );
  const quiet: JobFigures = { jobs: [], leasedShards: 0, oldestMs: 0, outbox: { waiting: 0, oldestMs: 0 } };
  answers.push(quiet, new Error('away'), quiet);
  expect(watch.figures()).toBe(null);
  watch.start();
  await expect.poll(() => watch.figures()).toEqual(quiet);
  clock.advance(5_000);
  await expect.poll(() => watch.figures()).toBe(null);
  clock.advance(5_000);
  await expect.poll(() => watch.figures()).toEqual(quiet);
  await watch.stop();
});
