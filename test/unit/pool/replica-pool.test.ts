import { describe, expect, it } from 'vitest';
import { openCall, reply } from '../../fakes/engine.ts';
import {
  CRASHED,
  failureOf,
  fakeReplica,
  NO_RETRIES,
  poolOf,
  REFUSED,
  settle,
  WARM,
} from '../../fakes/pool.ts';

const request = { messages: [{ role: 'user', content: 'x' }], labels: 'l' };

describe('a pool', () => {
  it('answers from a replica that has warmed up, with its price', async () => {
    const { replica } = fakeReplica('http://a');
    const { pool } = poolOf([replica]);
    const early = await pool.distribution(request, openCall());
    expect(early).toEqual({
      result: {
        ok: false,
        failure: {
          code: 'engine_unavailable',
          sent: false,
          message: 'no replica of the engine "small" is ready',
          blamesReplica: false,
        },
      },
      report: {
        queuedMs: 0,
        replica: null,
        pick: null,
        attempts: 0,
        cost: {
          nanoUsd: 0,
          usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
          engineSeconds: 0,
        },
        ms: 0,
      },
    });
    await settle();
    const { result, report } = await pool.distribution(request, openCall());
    expect(result.ok).toBe(true);
    // 80 fresh x 1 + 20 cached x 0.5 + 1 x 2 = 92 micro-dollars
    expect(report).toMatchObject({
      replica: 'small/0',
      pick: 'only one ready',
      attempts: 1,
      cost: { nanoUsd: 92_000 },
    });
    await pool.close();
  });

  it('prefers the replica with less in its hands', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool } = poolOf([a.replica, b.replica]);
    await settle();
    const release: ((value: ReturnType<typeof reply>) => void)[] = [];
    a.script.answer = b.script.answer = () => new Promise((resolve) => release.push(resolve));
    const stuck = pool.distribution(request, openCall());
    await settle();
    const [busy, idle] = a.script.calls === 1 ? [a, b] : [b, a];
    idle.script.answer = async () => reply(1, 0, 0);
    const picks: unknown[] = [];
    for (let i = 0; i < 3; i += 1) {
      // One token out on the one, none on the other: (1 + 1 + 1) x 0.030 s against 1 x 0.030 s.
      const { report } = await pool.distribution(request, openCall());
      picks.push(report.pick);
    }
    expect(picks[0]).toBe('p2c 0.030<0.090');
    expect([busy.script.calls, idle.script.calls]).toEqual([1, 3]);
    release[0]?.(reply(1, 0, 0));
    await stuck;
    await pool.close();
  });

  it('takes out a replica that a failure blames until a warm-up succeeds', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool, clock } = poolOf([replica], NO_RETRIES);
    await settle();
    script.answer = async () => ({ ok: false, failure: REFUSED });
    script.warm = { ok: false, failure: REFUSED };
    await pool.distribution(request, openCall());
    await settle();
    expect(pool.replicas()[0]).toMatchObject({ ready: false, reason: 'connection refused' });
    script.warm = WARM;
    clock.advance(100);
    await settle();
    expect(pool.replicas()[0]).toMatchObject({ ready: true, reason: null });
    expect(script.warmUps).toBe(3);
    await pool.close();
  });

  it('waits longer and longer between warm-ups that fail', async () => {
    const { replica, script } = fakeReplica('http://a');
    script.warm = { ok: false, failure: REFUSED };
    const { pool, clock } = poolOf([replica]);
    await settle();
    const at: number[] = [];
    for (let ms = 0; ms < 16_000; ms += 100) {
      const before = script.warmUps;
      clock.advance(100);
      await settle();
      if (script.warmUps > before) at.push(clock.now());
    }
    expect(at).toEqual([100, 300, 700, 1500, 3100, 6300, 11_300]);
    await pool.close();
    expect(script.closed).toBe(true);
  });

  it('does not blame a replica for a caller who left', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool } = poolOf([replica]);
    await settle();
    const controller = new AbortController();
    script.answer = async () => {
      controller.abort();
      return { ok: false, failure: CRASHED };
    };
    await pool.distribution(request, openCall(controller.signal));
    expect(pool.replicas()[0]?.ready).toBe(true);
    expect(script.calls).toBe(1);
    await pool.close();
  });

  it('says of a question that is asked again that it must share no call', async () => {
    const told: (boolean | undefined)[] = [];
    const replicas = ['http://a', 'http://b'].map((url) => {
      const { replica } = fakeReplica(url);
      return {
        ...replica,
        distribution(...[asked, call]: Parameters<typeof replica.distribution>) {
          told.push(call.alone);
          return told.length === 1
            ? Promise.resolve({ ok: false as const, failure: CRASHED })
            : replica.distribution(asked, call);
        },
      };
    });
    const { pool } = poolOf(replicas);
    await settle();
    expect((await pool.distribution(request, openCall())).result.ok).toBe(true);
    expect(told).toEqual([undefined, true]);
    await pool.close();
  });

  it('asks another replica when one fails, and counts and prices both', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool, clock } = poolOf(
      [a.replica, b.replica],
      {},
      {
        price: { by: 'gpuHour', gpuHourUsd: 3.6, gpus: 1 },
      },
    );
    await settle();
    const crash = async () => {
      clock.advance(10);
      return { ok: false as const, failure: CRASHED };
    };
    a.script.answer = b.script.answer = async () => {
      a.script.answer = b.script.answer = async () => {
        clock.advance(5);
        return reply(1, 0, 0);
      };
      return crash();
    };
    const { result, report } = await pool.distribution(request, openCall());
    expect(result.ok).toBe(true);
    expect([a.script.calls, b.script.calls]).toEqual([1, 1]);
    // 15 ms of one GPU at 0.001 dollars a second.
    expect(report).toMatchObject({
      attempts: 2,
      pick: 'only one left',
      ms: 15,
      cost: { nanoUsd: 15_000, engineSeconds: 0.015 },
    });
    await pool.close();
  });

  it('charges nothing for what never reached an engine', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool, clock } = poolOf([replica], NO_RETRIES, {
      price: { by: 'gpuHour', gpuHourUsd: 3.6, gpus: 1 },
    });
    await settle();
    script.answer = async () => {
      clock.advance(50);
      return { ok: false, failure: REFUSED };
    };
    const { report } = await pool.distribution(request, openCall());
    expect(report.cost).toMatchObject({ nanoUsd: 0, engineSeconds: 0 });
    await pool.close();
  });

  it('drains a replica: no new calls, those under way go on', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool } = poolOf([a.replica, b.replica]);
    await settle();
    expect(pool.drain('small/0')).toBe(true);
    expect(pool.drain('small/7')).toBe(false);
    for (let i = 0; i < 5; i += 1) await pool.distribution(request, openCall());
    expect([a.script.calls, b.script.calls]).toEqual([0, 5]);
    expect(pool.replicas()[0]).toMatchObject({ ready: false, reason: 'draining' });
    pool.undrain('small/0');
    pool.drain('small/1');
    await pool.distribution(request, openCall());
    expect([a.script.calls, b.script.calls]).toEqual([1, 5]);
    await pool.close();
  });

  it('lets calls wait in their order while its replica has as many as it can bear', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool } = poolOf([replica], { limit: { minimum: 1, initial: 1, maximum: 1 } });
    await settle();
    const release: ((value: ReturnType<typeof reply>) => void)[] = [];
    script.answer = () => new Promise((resolve) => release.push(resolve));
    const order: number[] = [];
    const calls = [1, 2, 3].map((n) => pool.distribution(request, openCall()).then(() => order.push(n)));
    for (let served = 1; served <= 3; served += 1) {
      await settle();
      expect(script.calls).toBe(served);
      release[served - 1]?.(reply(1, 0, 0));
    }
    await Promise.all(calls);
    expect(order).toEqual([1, 2, 3]);
    await pool.close();
  });

  it('forgets a call that leaves while it waits for a replica', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool } = poolOf([replica], { ...NO_RETRIES, limit: { minimum: 1, initial: 1, maximum: 1 } });
    await settle();
    script.answer = () => new Promise(() => undefined);
    void pool.distribution(request, openCall());
    const leaver = new AbortController();
    const waiting = pool.distribution(request, openCall(leaver.signal));
    await settle();
    leaver.abort();
    expect((await waiting).result).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    expect(script.calls).toBe(1);
  });

  it('takes out a replica from which no token comes, ends its calls and asks another', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool, clock } = poolOf([a.replica, b.replica], { stuckAfterMs: 500 });
    await settle();
    pool.drain('small/1');
    a.script.answer = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () =>
          // The abort's reason is a GatewayError; its code is what a real replica answers with.
          resolve({ ok: false, failure: failureOf((signal.reason as { code: 'engine_error' }).code) }),
        );
      });
    a.script.warm = { ok: false, failure: REFUSED };
    const call = pool.distribution(request, openCall());
    await settle();
    pool.undrain('small/1');
    clock.advance(499);
    await settle();
    expect(pool.replicas()[0]?.ready).toBe(true);
    clock.advance(1);
    await settle();
    expect(await call).toMatchObject({ result: { ok: true }, report: { replica: 'small/1', attempts: 2 } });
    expect(pool.replicas()[0]).toMatchObject({ ready: false });
    await pool.close();
  });
});
