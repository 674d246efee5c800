import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ItemInput } from '../../../src/contracts/feedback.ts';
import type { JobStore } from '../../../src/contracts/job-store.ts';
import type { Job, JobRequest, JobService } from '../../../src/contracts/jobs.ts';
import { createJobService } from '../../../src/jobs/service.ts';
import { createJobWorker, type JobWorker } from '../../../src/jobs/worker.ts';
import { createJobStore } from '../../../src/ledger/jobs/job-store.ts';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { createSystemClock, createSystemRandom } from '../../../src/telemetry/system-clock.ts';
import { quietLogger, startTestStore, type TestStore } from '../../fakes/embedded-store.ts';
import { noRelay } from '../../fakes/no-relay.ts';
import { badItem, intakeOf, itemsNamed } from '../../fakes/job-items.ts';
import { scriptedFeedback, type ScriptedFeedback } from '../../fakes/scripted-feedback.ts';

const SETTINGS = {
  concurrency: 8,
  maxItems: 1000,
  maxDeadlineSeconds: 3600,
  itemTimeoutMs: 10_000,
  retentionDays: 30,
  drainMs: 5_000,
};

const REQUEST: JobRequest = {
  team: 'red',
  task: 'preference',
  policy: 'default',
  priority: 'normal',
  deadlineSeconds: null,
  budgetNanoUsd: null,
  webhook: null,
  strict: false,
  idempotencyKey: null,
};

describe('working on jobs', () => {
  let opened: TestStore;
  let store: JobStore;
  const workers: JobWorker[] = [];
  beforeAll(async () => {
    opened = await startTestStore();
    store = createJobStore(opened.store);
  }, 60_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  });

  const start = (feedback: ScriptedFeedback, settings: Partial<typeof SETTINGS> = {}) => {
    const clock = createSystemClock();
    const parts = {
      clock,
      random: createSystemRandom(),
      calls: createCallStarter(clock),
      logger: quietLogger(),
    };
    const common = { ...parts, store, settings: { ...SETTINGS, ...settings }, relay: noRelay };
    const worker = createJobWorker({ ...common, feedback: () => feedback, isAlone: true });
    const endpoints = { has: () => false };
    const service = createJobService({ ...common, endpoints, worker });
    void worker.start();
    workers.push(worker);
    return { worker, service };
  };
  const submit = async (
    service: JobService,
    items: readonly ItemInput[],
    over: Partial<JobRequest> = {},
    hash = 'h',
  ): Promise<Job> => {
    const signal = new AbortController().signal;
    const submission = await service.submit({ ...REQUEST, ...over }, intakeOf(items, hash), signal);
    if (submission.type !== 'accepted') throw new Error(`it was ${submission.type}`);
    return submission.job;
  };
  const until = async (service: JobService, id: string, holds: (job: Job) => boolean): Promise<Job> => {
    for await (const job of service.watch('red', id, AbortSignal.timeout(15_000))) if (holds(job)) return job;
    throw new Error('the job ended before');
  };
  const atEnd = (service: JobService, id: string) => until(service, id, (job) => job.endedAt !== null);

  it('ends every item, bounded at once, with the class of batch work', async () => {
    const feedback = scriptedFeedback((id) => (id === 'row-7' ? 'unparseable' : undefined));
    const { service } = start(feedback);
    const { id } = await submit(service, [...itemsNamed(450), badItem('row-bad')]);
    const job = await atEnd(service, id);
    expect(job).toMatchObject({
      state: 'completed',
      finished: 451,
      invalid: 1,
      counts: { ok: 449, engine_failed: 1, invalid_item: 1 },
      nanoUsd: 450_000,
    });
    expect(feedback.asked.toSorted()).toEqual(
      itemsNamed(450)
        .map((item) => (item.ok ? item.item.id : ''))
        .toSorted(),
    );
    expect(feedback.mostAtOnce()).toBe(8);
    expect(new Set(feedback.calls.map((call) => `${call.class} ${call.team}`))).toEqual(
      new Set(['batch red']),
    );
    const rows = [];
    const query = { order: 'item' as const, after: 447, follow: false };
    for await (const page of service.results('red', id, query, new AbortController().signal))
      rows.push(...page);
    expect(rows.map(({ n, verdict }) => [n, verdict.itemId])).toEqual([
      [448, 'row-448'],
      [449, 'row-449'],
      [450, 'row-bad'],
    ]);
  });

  it('waits for engines that are away, and pays for every try', async () => {
    const feedback = scriptedFeedback((_id, nth) => (nth === 1 ? 'engine_unavailable' : undefined));
    const { service } = start(feedback);
    const { id } = await submit(service, itemsNamed(2));
    expect(await atEnd(service, id)).toMatchObject({ counts: { ok: 2 }, nanoUsd: 4000 });
    expect(feedback.asked.toSorted()).toEqual(['row-0', 'row-0', 'row-1', 'row-1']);
  });

  it('gives an item up after three tries that failed', async () => {
    const feedback = scriptedFeedback(() => 'engine_error');
    const { service } = start(feedback);
    const { id } = await submit(service, itemsNamed(1));
    expect(await atEnd(service, id)).toMatchObject({ counts: { engine_failed: 1 }, nanoUsd: 3000 });
    expect(feedback.asked).toHaveLength(3);
  });

  it('never spends more than its budget, and ends the rest as over_budget', async () => {
    const feedback = scriptedFeedback();
    const { service } = start(feedback);
    const { id } = await submit(service, itemsNamed(300), { budgetNanoUsd: 20_500 });
    expect(await atEnd(service, id)).toMatchObject({
      state: 'over_budget',
      finished: 300,
      counts: { ok: 20, over_budget: 280 },
      nanoUsd: 20_000,
    });
    expect(feedback.asked).toHaveLength(20);
    expect(await service.command('red', id, 'retry-failed', { budgetNanoUsd: 300_000 })).toMatchObject({
      state: 'queued',
      finished: 20,
    });
    expect(await atEnd(service, id)).toMatchObject({
      state: 'completed',
      counts: { ok: 300 },
      nanoUsd: 300_000,
    });
  });

  it('stops at a cancel: what is under way ends, the rest is skipped', async () => {
    const feedback = scriptedFeedback();
    feedback.hold();
    const { service } = start(feedback);
    const { id } = await submit(service, itemsNamed(500));
    await until(service, id, () => feedback.asked.length === 8);
    await service.command('red', id, 'cancel', {});
    feedback.letGo();
    const job = await atEnd(service, id);
    expect(job).toMatchObject({ state: 'cancelled', finished: 500 });
    expect(job.counts).toEqual({ ok: 8, skipped: 492 });
    expect(feedback.asked).toHaveLength(8);
  });

  it('stands still while paused', async () => {
    const feedback = scriptedFeedback();
    feedback.hold();
    const { service } = start(feedback);
    const { id } = await submit(service, itemsNamed(400));
    await until(service, id, () => feedback.asked.length === 8);
    await service.command('red', id, 'pause', {});
    feedback.letGo();
    const other = await submit(service, itemsNamed(3));
    await atEnd(service, other.id);
    expect(feedback.asked).toHaveLength(11);
    expect(await service.find('red', id)).toMatchObject({ state: 'paused', perSecond: null });
    await service.command('red', id, 'resume', {});
    expect(await atEnd(service, id)).toMatchObject({ state: 'completed', counts: { ok: 400 } });
    expect(feedback.asked).toHaveLength(403);
  });

  it('hands over at a shutdown: nothing fails, nothing is asked twice', async () => {
    const feedback = scriptedFeedback();
    feedback.hold();
    const { service, worker } = start(feedback);
    const { id } = await submit(service, itemsNamed(250));
    await until(service, id, () => feedback.asked.length === 8);
    const stopped = worker.stop();
    feedback.letGo();
    await stopped;
    const left = await service.find('red', id);
    expect(left.finished).toBe(feedback.asked.length);
    const second = start(feedback);
    expect(await atEnd(second.service, id)).toMatchObject({ state: 'completed', counts: { ok: 250 } });
    expect(feedback.asked).toHaveLength(250);
  });

  it('drops calls that outlast the shutdown, and leaves their items to the next', async () => {
    const feedback = scriptedFeedback();
    feedback.hold();
    const { service, worker } = start(feedback, { drainMs: 50 });
    const { id } = await submit(service, itemsNamed(20));
    await until(service, id, () => feedback.asked.length === 8);
    await worker.stop();
    expect(await service.find('red', id)).toMatchObject({ finished: 0, counts: {} });
    feedback.letGo();
    const second = start(feedback);
    expect(await atEnd(second.service, id)).toMatchObject({ counts: { ok: 20 } });
  });

  it('keeps the promise of a key: the same body is the same job, another body is refused', async () => {
    const { service } = start(scriptedFeedback());
    const signal = new AbortController().signal;
    const request = { ...REQUEST, idempotencyKey: 'epoch-1' };
    const first = await submit(service, itemsNamed(3), request, 'hash-1');
    expect(await service.submit(request, intakeOf(itemsNamed(3), 'hash-1'), signal)).toMatchObject({
      type: 'replayed',
      job: { id: first.id },
    });
    await expect(service.submit(request, intakeOf(itemsNamed(4), 'hash-2'), signal)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  it('refuses a strict body with its problems, and bodies without items or with too many', async () => {
    const { service } = start(scriptedFeedback());
    const signal = new AbortController().signal;
    const strict = { ...REQUEST, strict: true, idempotencyKey: 'strict' };
    const items = [...itemsNamed(2), badItem('third')];
    expect(await service.submit(strict, intakeOf(items, 'h'), signal)).toEqual({
      type: 'refused',
      report: {
        items: 3,
        invalid: 1,
        problems: [{ line: 3, problem: { code: 'invalid_request', message: 'third is bad', param: null } }],
      },
    });
    await expect(service.submit(strict, intakeOf([], 'h'), signal)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(service.submit(REQUEST, intakeOf(itemsNamed(1001), 'h'), signal)).rejects.toMatchObject({
      code: 'request_too_large',
    });
    const { jobs } = await service.list('red', { after: null, limit: 100 });
    expect(jobs.filter((job) => job.state !== 'completed' && job.state !== 'cancelled')).toEqual([]);
  });
});
