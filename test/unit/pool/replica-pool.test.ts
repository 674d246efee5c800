import { describe, expect, it } from 'vitest';
import type {
  EngineFailure,
  EngineResult,
  GenerationEvent,
  Replica,
  ReplicaReport,
} from '../../../src/contracts/engine.ts';
import { createReplicaPool } from '../../../src/pool/replica-pool.ts';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { manualClock } from '../../fakes/clock.ts';
import { openCall, reply } from '../../fakes/engine.ts';

const REPORT: ReplicaReport = {
  model: 'm',
  version: '1',
  fingerprint: null,
  maxModelTokens: 100,
  route: 'label_ids',
  labels: {},
  finite: true,
  repeatError: 0,
  reportsCachedTokens: true,
};
const DEAD: EngineFailure = {
  code: 'engine_unavailable',
  message: 'connection refused',
  sent: false,
  blamesReplica: true,
};
const request = { messages: [{ role: 'user', content: 'x' }], labels: 'l' };

/** A replica whose warm-ups and calls the test answers. */
function fakeReplica(url: string) {
  const script = {
    warm: { ok: true, value: REPORT } as EngineResult<ReplicaReport>,
    warmUps: 0,
    calls: 0,
    closed: false,
    answer: () => Promise.resolve(reply(0.9, 0.1, 0)),
    events: [] as GenerationEvent[],
  };
  const replica: Replica = {
    url,
    async warmUp() {
      script.warmUps += 1;
      return script.warm;
    },
    distribution() {
      script.calls += 1;
      return script.answer();
    },
    async generate() {
      const { events } = script;
      return {
        ok: true,
        value: (async function* () {
          yield* events;
        })(),
      };
    },
    post: async () => ({ ok: false, failure: DEAD }),
    async close() {
      script.closed = true;
    },
  };
  return { replica, script };
}

function poolOf(...replicas: readonly Replica[]) {
  const clock = manualClock();
  const pool = createReplicaPool({
    id: 'small',
    model: 'm',
    precision: null,
    replicas,
    price: { by: 'token', inputPerMtokUsd: 1, cachedInputPerMtokUsd: 0.5, outputPerMtokUsd: 2 },
    warmUpTimeoutMs: 1000,
    clock,
    calls: createCallStarter(clock),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  return { pool, clock };
}

/** Lets promises that are already settled run their course. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a pool', () => {
  it('answers from a replica that has warmed up, with its price', async () => {
    const { replica } = fakeReplica('http://a');
    const { pool } = poolOf(replica);
    const early = await pool.distribution(request, openCall());
    expect(early).toMatchObject({
      result: {
        ok: false,
        failure: {
          code: 'engine_unavailable',
          sent: false,
          message: 'no replica of the engine "small" is ready (warming up)',
        },
      },
      report: { replica: null, cost: { nanoUsd: 0 } },
    });
    await settle();
    const { result, report } = await pool.distribution(request, openCall());
    expect(result.ok).toBe(true);
    // 80 fresh x 1 + 20 cached x 0.5 + 1 x 2 = 92 micro-dollars
    expect(report).toMatchObject({ replica: 'small/0', cost: { nanoUsd: 92_000 } });
    await pool.close();
  });

  it('sends to the replica with the fewest calls under way, and shares ties out', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool } = poolOf(a.replica, b.replica);
    await settle();
    let release: (value: ReturnType<typeof reply>) => void = () => undefined;
    a.script.answer = () => new Promise((resolve) => (release = resolve));
    const stuck = pool.distribution(request, openCall());
    for (let i = 0; i < 3; i += 1) await pool.distribution(request, openCall());
    expect([a.script.calls, b.script.calls]).toEqual([1, 3]);
    release(reply(1, 0, 0));
    await stuck;
    a.script.answer = b.script.answer;
    for (let i = 0; i < 4; i += 1) await pool.distribution(request, openCall());
    expect([a.script.calls, b.script.calls]).toEqual([3, 5]);
    await pool.close();
  });

  it('takes out a replica that a failure blames until a warm-up succeeds', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool, clock } = poolOf(replica);
    await settle();
    script.answer = async () => ({ ok: false, failure: DEAD });
    script.warm = { ok: false, failure: DEAD };
    await pool.distribution(request, openCall());
    await settle();
    expect(pool.replicas()[0]).toMatchObject({ ready: false, reason: 'connection refused' });
    script.warm = { ok: true, value: REPORT };
    clock.advance(100);
    await settle();
    expect(pool.replicas()[0]).toMatchObject({ ready: true, reason: null });
    expect(script.warmUps).toBe(3);
    await pool.close();
  });

  it('waits longer and longer between warm-ups that fail', async () => {
    const { replica, script } = fakeReplica('http://a');
    script.warm = { ok: false, failure: DEAD };
    const { pool, clock } = poolOf(replica);
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
    const { pool } = poolOf(replica);
    await settle();
    const controller = new AbortController();
    script.answer = async () => {
      controller.abort();
      return { ok: false, failure: DEAD };
    };
    await pool.distribution(request, openCall(controller.signal));
    expect(pool.replicas()[0]?.ready).toBe(true);
    await pool.close();
  });

  it('knows the cost of a stream when it has ended, also when it was left early', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool } = poolOf(replica);
    await settle();
    const usage = { inputTokens: 100, cachedInputTokens: 0, outputTokens: 50 };
    script.events = [
      { type: 'chunk', data: '{}', value: {} },
      { type: 'end', usage },
    ];
    const whole = await pool.generate({ kind: 'chat', body: {} }, openCall());
    if (!whole.ok) throw new Error('no stream');
    const types: string[] = [];
    for await (const event of whole.value.events) types.push(event.type);
    expect(types).toEqual(['chunk', 'end']);
    expect(whole.value.report().cost).toMatchObject({ nanoUsd: 200_000, usage });
    const left = await pool.generate({ kind: 'chat', body: {} }, openCall());
    if (!left.ok) throw new Error('no stream');
    for await (const event of left.value.events) if (event.type === 'chunk') break;
    expect(pool.replicas()[0]?.inFlight).toBe(0);
    await pool.close();
  });
});
