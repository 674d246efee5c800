import { describe, expect, it } from 'vitest';
import type { EngineResult, GenerationEvent } from '../../../src/contracts/engine.ts';
import type { ReplicaPool } from '../../../src/pool/replica-pool.ts';
import { openCall, reply } from '../../fakes/engine.ts';
import { CRASHED, failureOf, fakeReplica, poolOf, settle } from '../../fakes/pool.ts';

const USAGE = { inputTokens: 100, cachedInputTokens: 0, outputTokens: 50 };
const CHUNK: GenerationEvent = { type: 'chunk', data: '{}', value: {} };
const CUT: GenerationEvent = { type: 'failure', failure: CRASHED };
const END: GenerationEvent = { type: 'end', usage: USAGE };

function request(content: string) {
  return { messages: [{ role: 'user', content }], labels: 'l' };
}

async function stream(pool: ReplicaPool) {
  const opened = await pool.generate({ kind: 'chat', body: {} }, openCall());
  if (!opened.ok) throw new Error('no stream');
  const types: string[] = [];
  for await (const event of opened.value.events) types.push(event.type);
  return { types, report: opened.value.report() };
}

describe('a stream', () => {
  it('starts again elsewhere as long as nothing was said', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool } = poolOf([a.replica, b.replica]);
    await settle();
    a.script.events = [CUT];
    b.script.events = [CHUNK, END];
    pool.drain('small/1');
    const opened = await pool.generate({ kind: 'chat', body: {} }, openCall());
    pool.undrain('small/1');
    if (!opened.ok) throw new Error('no stream');
    const types: string[] = [];
    for await (const event of opened.value.events) types.push(event.type);
    expect(types).toEqual(['chunk', 'end']);
    expect(opened.value.report()).toMatchObject({
      replica: 'small/1',
      attempts: 2,
      cost: { nanoUsd: 200_000, usage: USAGE },
    });
    await pool.close();
  });

  it('passes a failure on once something was said', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool } = poolOf([a.replica, b.replica]);
    await settle();
    a.script.events = b.script.events = [CHUNK, CUT];
    expect(await stream(pool)).toMatchObject({ types: ['chunk', 'failure'], report: { attempts: 1 } });
    expect(a.script.calls + b.script.calls).toBe(1);
    await pool.close();
  });

  it('knows its cost when it has ended, and counts no call that was left', async () => {
    const { replica, script } = fakeReplica('http://a');
    const { pool } = poolOf([replica]);
    await settle();
    script.events = [CHUNK, END];
    expect((await stream(pool)).report.cost).toMatchObject({ nanoUsd: 200_000, usage: USAGE });
    const left = await pool.generate({ kind: 'chat', body: {} }, openCall());
    if (!left.ok) throw new Error('no stream');
    for await (const event of left.value.events) if (event.type === 'chunk') break;
    expect(pool.replicas()[0]).toMatchObject({ inFlight: 0, ready: true });
    await pool.close();
  });
});

describe('an item that was present at two crashes', () => {
  it('is not sent a third time, whatever its fence, and others are', async () => {
    const replicas = ['a', 'b', 'c', 'd'].map((name) => fakeReplica(`http://${name}`));
    const { pool } = poolOf(replicas.map(({ replica }) => replica));
    await settle();
    for (const { script } of replicas) script.answer = async () => ({ ok: false, failure: CRASHED });
    const identity = ['poison', 'other candidate'];
    const { result, report } = await pool.distribution({ ...request('fence 1'), identity }, openCall());
    expect(report.attempts).toBe(2);
    expect(result).toMatchObject({
      ok: false,
      failure: {
        code: 'quarantined',
        message: 'the item was present at 2 crashes of the engine and is not sent to it again',
      },
    });
    await settle();
    for (const { script } of replicas) script.answer = async () => reply(1, 0, 0);
    const again = await pool.distribution({ ...request('fence 2'), identity }, openCall());
    expect(again).toMatchObject({ result: { failure: { code: 'quarantined' } }, report: { attempts: 0 } });
    const healthy = await pool.distribution({ ...request('fence 3'), identity: ['fine'] }, openCall());
    expect(healthy.result.ok).toBe(true);
    await pool.close();
  });
});

describe('hedging', () => {
  it('asks another replica after the 95th percentile, takes the first answer, aborts the other', async () => {
    const a = fakeReplica('http://a');
    const b = fakeReplica('http://b');
    const { pool, clock } = poolOf([a.replica, b.replica], { hedge: { enabled: true, share: 0.025 } });
    await settle();
    const afterTen = async () => {
      clock.advance(10);
      return reply(1, 0, 0);
    };
    a.script.answer = b.script.answer = afterTen;
    // The share allows the first hedge at the fortieth judgment.
    for (let i = 0; i < 39; i += 1) await pool.distribution(request('x'), openCall());
    let aborted = false;
    const hang = (signal: AbortSignal) =>
      new Promise<EngineResult<never>>((resolve) => {
        a.script.answer = b.script.answer = afterTen;
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve({ ok: false, failure: failureOf('cancelled') });
        });
      });
    a.script.answer = b.script.answer = hang;
    const late = pool.distribution(request('x'), openCall());
    await settle();
    clock.advance(9);
    await settle();
    expect(a.script.calls + b.script.calls).toBe(40);
    clock.advance(1);
    expect(await late).toMatchObject({ result: { ok: true }, report: { attempts: 2 } });
    expect(aborted).toBe(true);
    expect(pool.replicas().every(({ ready, inFlight }) => ready && inFlight === 0)).toBe(true);
    await pool.close();
  });
});
