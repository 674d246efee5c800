import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClaimedShard, JobStore, NewJob, NewShard } from '../../src/contracts/job-store.ts';
import type { ItemInput } from '../../src/contracts/feedback.ts';
import { createJobStore } from '../../src/ledger/jobs/job-store.ts';
import { itemsNamed, newJob, verdictWith } from '../fakes/job-items.ts';
import type { Store } from '../../src/ledger/store.ts';

const LEASE = 30_000;

function shardOf(no: number, first: number, items: readonly ItemInput[]): NewShard {
  return { no, first, count: items.length, items: JSON.stringify(items) };
}

const ended = { leaseMs: LEASE, messageId: 'msg_1' };

type OpenStore = { readonly store: Store } & AsyncDisposable;

/** What every place where jobs are kept must do. */
export function jobStoreContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`job store: ${name}`, () => {
    let opened: OpenStore;
    let store: JobStore;
    beforeAll(async () => {
      opened = await open();
      store = createJobStore(opened.store);
    }, 60_000);
    afterAll(() => opened?.[Symbol.asyncDispose]());

    const accepted = async (
      job: Partial<NewJob> & Pick<NewJob, 'id'>,
      shards: readonly (readonly ItemInput[])[],
      bodyHash = 'h',
    ): Promise<void> => {
      await store.open(newJob(job));
      let first = 0;
      for (const [no, items] of shards.entries()) {
        await store.addShard(job.id, shardOf(no, first, items));
        first += items.length;
      }
      await store.accept(job.id, { items: first, invalid: 0, bodyHash });
    };
    const claim = async (token: string, leaseMs = LEASE): Promise<ClaimedShard> => {
      const claimed = await store.claim({ token, leaseMs });
      if (claimed === null) throw new Error('there is no shard to claim');
      return claimed;
    };
    /** Ends whatever is left, so that the next test begins with nothing to do. */
    const endAll = async (): Promise<void> => {
      await store.releaseAll();
      for (let n = 0; ; n += 1) {
        const shard = await store.claim({ token: `end${n}`, leaseMs: LEASE });
        if (shard === null) return;
        await store.commit(
          shard.lease,
          shard.items.map(({ n: at }) => ({ n: at, verdict: verdictWith('x') })),
          {
            ...ended,
            messageId: `msg_end${shard.lease.jobId}`,
          },
        );
      }
    };

    it('shows a job only when it is accepted, and to its team alone', async () => {
      await store.open(newJob({ id: 'job_a' }));
      await store.addShard('job_a', shardOf(0, 0, itemsNamed(3)));
      expect(await store.find('red', 'job_a')).toBe(null);
      expect(await store.claim({ token: 't', leaseMs: LEASE })).toBe(null);
      await store.accept('job_a', { items: 3, invalid: 1, bodyHash: 'h' });
      expect(await store.find('red', 'job_a')).toMatchObject({
        state: 'queued',
        items: 3,
        invalid: 1,
        finished: 0,
        counts: {},
        nanoUsd: 0,
        perSecond: null,
      });
      expect(await store.find('blue', 'job_a')).toBe(null);
      expect(await store.accept('job_a', { items: 9, invalid: 0, bodyHash: 'x' })).toBe(null);
      await endAll();
    });

    it('knows a key again, refuses it while it comes in, and frees it when that breaks off', async () => {
      const first = newJob({ id: 'job_k1', idempotencyKey: 'k' });
      expect(await store.open(first)).toEqual({ type: 'opened' });
      expect(await store.open({ ...first, id: 'job_k2' })).toEqual({ type: 'under_way' });
      expect(await store.open({ ...first, id: 'job_k3', team: 'blue' })).toEqual({ type: 'opened' });
      await store.abandon('job_k1');
      await store.abandon('job_k3');
      expect(await store.open({ ...first, id: 'job_k4' })).toEqual({ type: 'opened' });
      await store.addShard('job_k4', shardOf(0, 0, itemsNamed(1)));
      await store.accept('job_k4', { items: 1, invalid: 0, bodyHash: 'hash' });
      expect(await store.open({ ...first, id: 'job_k5' })).toMatchObject({
        type: 'known',
        bodyHash: 'hash',
        job: { id: 'job_k4' },
      });
      await endAll();
    });

    it('ends each item once, with its cost, in the order in which ends became visible', async () => {
      await accepted({ id: 'job_e' }, [itemsNamed(3)]);
      const { lease, items, policy, team } = await claim('t1');
      expect({ policy, team, places: items.map(({ n }) => n) }).toEqual({
        policy: 'default',
        team: 'red',
        places: [0, 1, 2],
      });
      const two = [
        { n: 2, verdict: verdictWith('row-2', 'tie') },
        { n: 0, verdict: verdictWith('row-0', 'engine_failed') },
      ];
      expect(await store.commit(lease, two, ended)).toMatchObject({ type: 'committed' });
      // The answer to the commit was lost, and it is made again.
      expect(await store.commit(lease, two, ended)).toMatchObject({ type: 'committed' });
      expect(await store.find('red', 'job_e')).toMatchObject({
        state: 'running',
        finished: 2,
        counts: { tie: 1, engine_failed: 1 },
        nanoUsd: 2000,
      });
      await store.commit(lease, [{ n: 1, verdict: verdictWith('row-1') }], ended);
      expect(await store.find('red', 'job_e')).toMatchObject({
        state: 'completed',
        finished: 3,
        nanoUsd: 3000,
      });
      const byItem = await store.results('job_e', { order: 'item', after: -1, limit: 10 });
      expect(byItem.map(({ n, verdict }) => [n, verdict.itemId])).toEqual([
        [0, 'row-0'],
        [1, 'row-1'],
        [2, 'row-2'],
      ]);
      const asEnded = await store.results('job_e', { order: 'finished', after: 0, limit: 10 });
      expect(asEnded.map(({ n }) => n)).toEqual([2, 0, 1]);
      const rest = await store.results('job_e', { order: 'finished', after: asEnded[0]!.sequence, limit: 1 });
      expect(rest.map(({ n }) => n)).toEqual([0]);
    });

    it('drops the label of one who lost its lease, and keeps what it cost', async () => {
      await accepted({ id: 'job_z' }, [itemsNamed(2)]);
      const sleeper = await claim('asleep', 0);
      const other = await claim('awake');
      expect(other.lease.shard).toBe(sleeper.lease.shard);
      expect(other.losses).toBe(2);
      expect(await store.renew(['asleep', 'awake'], LEASE)).toEqual(
        new Map([['awake', { state: 'running', stopReason: null, nanoUsd: 0, budgetNanoUsd: null }]]),
      );
      const late = [{ n: 0, verdict: { ...verdictWith('row-0'), id: 'vrd_late' } }];
      expect(await store.commit(sleeper.lease, late, ended)).toEqual({ type: 'fenced' });
      expect(await store.results('job_z', { order: 'item', after: -1, limit: 9 })).toEqual([]);
      expect(await store.find('red', 'job_z')).toMatchObject({ finished: 0, nanoUsd: 1000 });
      await store.release(sleeper.lease);
      expect(await store.claim({ token: 't', leaseMs: LEASE })).toBe(null);
      await endAll();
    });

    it('gives a shard out again with what is left of it', async () => {
      await accepted({ id: 'job_r' }, [itemsNamed(3)]);
      const { lease } = await claim('t1');
      await store.commit(lease, [{ n: 1, verdict: verdictWith('row-1') }], ended);
      await store.release(lease);
      const again = await claim('t2');
      expect(again.items.map(({ n }) => n)).toEqual([0, 2]);
      expect(again.losses).toBe(1);
      await endAll();
    });

    it('goes by priority, then by who has least under way', async () => {
      await accepted({ id: 'job_p1' }, [itemsNamed(1), itemsNamed(1)]);
      await accepted({ id: 'job_p2' }, [itemsNamed(1)]);
      await accepted({ id: 'job_p3', team: 'blue' }, [itemsNamed(1)]);
      await accepted({ id: 'job_p4', priority: 'high' }, [itemsNamed(1)]);
      await accepted({ id: 'job_p5', team: 'green', priority: 'low' }, [itemsNamed(1)]);
      const order: string[] = [];
      for (let n = 0; n < 6; n += 1) order.push((await claim(`p${n}`)).lease.jobId);
      expect(order).toEqual(['job_p4', 'job_p3', 'job_p1', 'job_p2', 'job_p1', 'job_p5']);
      await endAll();
    });

    it('gives a job with a budget to one at a time', async () => {
      await accepted({ id: 'job_b', budgetNanoUsd: 5 }, [itemsNamed(1), itemsNamed(1)]);
      await claim('b1');
      expect(await store.claim({ token: 'b2', leaseMs: LEASE })).toBe(null);
      await endAll();
    });

    it('pauses, resumes, cancels, and says when a command does not fit', async () => {
      await accepted({ id: 'job_c' }, [itemsNamed(1), itemsNamed(1)]);
      expect(await store.command('blue', 'job_c', 'pause', {})).toBe(null);
      expect(await store.command('red', 'job_c', 'pause', {})).toMatchObject({
        done: true,
        job: { state: 'paused' },
      });
      expect(await store.claim({ token: 't', leaseMs: LEASE })).toBe(null);
      expect(await store.command('red', 'job_c', 'resume', {})).toMatchObject({ job: { state: 'queued' } });
      expect(await store.command('red', 'job_c', 'retry-failed', {})).toMatchObject({ done: false });
      const shard = await claim('c1');
      expect(await store.command('red', 'job_c', 'cancel', {})).toMatchObject({
        job: { state: 'stopping', stopReason: 'cancelled' },
      });
      expect(await store.command('red', 'job_c', 'resume', {})).toMatchObject({ done: false });
      expect(await store.commit(shard.lease, [{ n: 0, verdict: verdictWith('x') }], ended)).toMatchObject({
        pulse: { state: 'stopping' },
      });
      expect((await claim('c2')).pulse).toMatchObject({ state: 'stopping', stopReason: 'cancelled' });
      await endAll();
      expect(await store.find('red', 'job_c')).toMatchObject({ state: 'cancelled', finished: 2 });
    });

    it('takes failures back to ask them again, and nothing else', async () => {
      await accepted({ id: 'job_f' }, [itemsNamed(4)]);
      const { lease } = await claim('f1');
      const outcomes = ['ok', 'engine_failed', 'invalid_item', 'timed_out'] as const;
      await store.commit(
        lease,
        outcomes.map((outcome, n) => ({ n, verdict: verdictWith(`row-${n}`, outcome) })),
        ended,
      );
      const answer = await store.command('red', 'job_f', 'retry-failed', { budgetNanoUsd: 9000 });
      expect(answer?.job).toMatchObject({
        state: 'queued',
        finished: 2,
        counts: { ok: 1, invalid_item: 1 },
        nanoUsd: 4000,
        budgetNanoUsd: 9000,
        endedAt: null,
      });
      const again = await claim('f2');
      expect(again.items.map(({ n }) => n)).toEqual([1, 3]);
      const fixed = again.items.map(({ n }) => ({ n, verdict: verdictWith(`row-${n}`) }));
      await store.commit(again.lease, fixed, ended);
      expect(await store.find('red', 'job_f')).toMatchObject({ state: 'completed', counts: { ok: 3 } });
      const all = await store.results('job_f', { order: 'finished', after: 4, limit: 9 });
      expect(all.map(({ n, sequence }) => [n, sequence])).toEqual([
        [1, 5],
        [3, 6],
      ]);
    });

    it('expires what is late, and forgets bodies that broke off', async () => {
      await accepted({ id: 'job_x', deadlineSeconds: 0 }, [itemsNamed(1)]);
      await store.open(newJob({ id: 'job_broken', idempotencyKey: 'broken' }));
      await store.sweep({ receivingMs: -1000, retentionDays: 30 });
      expect(await store.find('red', 'job_x')).toMatchObject({ state: 'stopping', stopReason: 'expired' });
      expect(await store.open(newJob({ id: 'job_new', idempotencyKey: 'broken' }))).toEqual({
        type: 'opened',
      });
      await store.abandon('job_new');
      await endAll();
      await store.sweep({ receivingMs: 60_000, retentionDays: -1 });
      expect(await store.find('red', 'job_x')).toBe(null);
    });

    it('writes the message with the end, hands it to one at a time, and never after it arrived', async () => {
      await accepted({ id: 'job_m', webhook: 'hook' }, [itemsNamed(1)]);
      const { lease } = await claim('m1');
      expect(await store.dueMessages({ limit: 9, leaseMs: LEASE })).toEqual([]);
      await store.commit(lease, [{ n: 0, verdict: verdictWith('x') }], { ...ended, messageId: 'msg_m' });
      const due = await store.dueMessages({ limit: 9, leaseMs: LEASE });
      expect(due).toMatchObject([
        { id: 'msg_m', team: 'red', endpoint: 'hook', type: 'job.completed', attempts: 0 },
      ]);
      expect(JSON.parse(due[0]!.payload)).toMatchObject({
        id: 'msg_m',
        object: 'event',
        type: 'job.completed',
        data: { id: 'job_m', state: 'completed', items: 1, counts: { ok: 1 }, cost_usd: 0.000001 },
      });
      expect(await store.dueMessages({ limit: 9, leaseMs: LEASE })).toEqual([]);
      await store.undelivered('msg_m', 0, 'refused');
      expect(await store.dueMessages({ limit: 9, leaseMs: LEASE })).toMatchObject([{ attempts: 1 }]);
      await store.delivered('msg_m');
      await store.undelivered('msg_m', 0, 'late news');
      expect(await store.dueMessages({ limit: 9, leaseMs: LEASE })).toEqual([]);
    });

    it('lists the newest first, in pages', async () => {
      for (const id of ['job_l1', 'job_l2', 'job_l3']) await accepted({ id, team: 'list' }, [itemsNamed(1)]);
      const page = await store.list('list', { after: null, limit: 2 });
      expect([page.jobs.map(({ id }) => id), page.hasMore]).toEqual([['job_l3', 'job_l2'], true]);
      const rest = await store.list('list', { after: 'job_l2', limit: 2 });
      expect([rest.jobs.map(({ id }) => id), rest.hasMore]).toEqual([['job_l1'], false]);
      await endAll();
    });
  });
}
