import { describe, expect, it } from 'vitest';
import { coalesce, type CoalescerSettings } from '../../../src/batching/coalescer.ts';
import type { EngineFailure, LabelBatches } from '../../../src/contracts/engine.ts';
import { call } from '../../contracts/replica-calls.ts';
import { batchingReplica } from '../../fakes/batching-replica.ts';
import { manualClock } from '../../fakes/clock.ts';

const settings: CoalescerSettings = { windowMs: 5, maximum: 8, tokens: 1_000, needsCachedTokens: false };

function start(changes: Partial<CoalescerSettings> = {}, batches: Partial<LabelBatches> = {}) {
  const clock = manualClock();
  const engine = batchingReplica(batches);
  const replica = coalesce(engine.replica, { ...settings, ...changes }, clock);
  const ask = (content: string, own = call(), labels = 'one@1') =>
    replica.distribution({ labels, messages: [{ role: 'user', content }] }, own);
  /** What each engine call that was made so far was asked. */
  const calls = () => engine.made.map(({ contents }) => contents);
  return { clock, engine, replica, ask, calls };
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('when questions leave', () => {
  it('sends one at once to an idle replica, and those that come meanwhile when it is idle again', async () => {
    const { engine, ask, calls } = start();
    const answers = ['q0', 'q1', 'q2'].map((content) => ask(content));
    expect(calls()).toEqual([['q0']]);
    engine.out[0]?.answer();
    await settle();
    expect(calls()).toEqual([['q0'], ['q1', 'q2']]);
    engine.out[0]?.answer();
    const told = (await Promise.all(answers)).map((answer) => (answer.ok ? answer.value : null));
    expect(told.map((reply) => reply?.distribution.mass)).toEqual([0, 1, 2]);
    expect(told.map((reply) => reply?.coalesced)).toEqual([undefined, 2, 2]);
  });

  it('waits no longer than the window', () => {
    const { clock, ask, calls } = start();
    for (const content of ['q0', 'q1']) void ask(content);
    clock.advance(4);
    void ask('q2');
    expect(calls()).toEqual([['q0']]);
    clock.advance(1);
    expect(calls()).toEqual([['q0'], ['q1', 'q2']]);
  });

  it('waits for no more questions than a call may have', () => {
    const { ask, calls } = start({ maximum: 3 });
    for (let n = 0; n < 8; n += 1) void ask(`q${n}`);
    expect(calls()).toEqual([['q0'], ['q1', 'q2', 'q3'], ['q4', 'q5', 'q6']]);
  });

  it('counts no question that left while it waited', () => {
    const { ask, calls } = start({ maximum: 2, tokens: 40 });
    const gone = call();
    void ask('q0');
    void ask(`q1 ${'x'.repeat(100)}`, gone);
    gone.cancel();
    void ask(`q2 ${'x'.repeat(60)}`);
    expect(calls()).toHaveLength(1);
    void ask(`q3 ${'x'.repeat(60)}`);
    expect(calls()[1]).toHaveLength(2);
  });

  it('takes no more than the engine takes', () => {
    const { ask, calls } = start({}, { maximum: 2 });
    for (let n = 0; n < 5; n += 1) void ask(`q${n}`);
    expect(calls()).toEqual([['q0'], ['q1', 'q2'], ['q3', 'q4']]);
  });

  it('waits for no more tokens than a call may have, and sends what does not fit with the next', () => {
    const { ask, calls } = start({ tokens: 30 });
    const long = (n: number) => `q${n} ${'x'.repeat(57)}`;
    void ask('q0');
    // 16 tokens each by four characters a token: two do not fit into 30.
    void ask(long(1));
    void ask(long(2));
    expect(calls()).toEqual([['q0'], [long(1)]]);
    void ask('q3');
    void ask(`q4 ${'x'.repeat(45)}`);
    expect(calls().at(-1)).toEqual([long(2), 'q3']);
  });

  it('lets nobody who is in a hurry wait for a batch', () => {
    const { clock, ask, calls } = start();
    void ask('q0');
    void ask('q1', { ...call(), class: 'batch' });
    void ask('q2');
    void ask('q3', { ...call(), class: 'batch' });
    void ask('q4', { ...call(), class: 'interactive' });
    clock.advance(5);
    expect(calls()).toEqual([['q0'], ['q1', 'q3'], ['q2', 'q4']]);
  });

  it('mixes no label sets', () => {
    const { clock, ask, calls } = start();
    void ask('q0');
    void ask('q1', call(), 'one@1');
    void ask('q2', call(), 'other@1');
    clock.advance(5);
    expect(calls()).toEqual([['q0'], ['q1'], ['q2']]);
  });

  it('sends by itself what must be alone, has no time to wait, or could not be told apart in money', () => {
    const { ask, calls, clock } = start();
    clock.advance(100);
    void ask('q0');
    void ask('q1', { ...call(), alone: true });
    void ask('q2', { ...call(), deadline: 104 });
    expect(calls()).toEqual([['q0'], ['q1'], ['q2']]);
    const priced = start({ needsCachedTokens: true });
    for (const content of ['q0', 'q1']) void priced.ask(content);
    expect(priced.calls()).toEqual([['q0'], ['q1']]);
    const telling = start({ needsCachedTokens: true }, { tellsCachedTokens: true });
    for (const content of ['q0', 'q1', 'q2']) void telling.ask(content);
    telling.clock.advance(5);
    expect(telling.calls()).toEqual([['q0'], ['q1', 'q2']]);
  });

  it('is not there for a window of 0', () => {
    const { replica, engine } = start({ windowMs: 0 });
    expect(replica).toBe(engine.replica);
  });

  it('sends what waits when the replica is closed', async () => {
    const { ask, calls, replica } = start();
    for (const content of ['q0', 'q1']) void ask(content);
    await replica.close();
    expect(calls()).toEqual([['q0'], ['q1']]);
  });
});

const BROKEN: EngineFailure = { code: 'engine_error', message: 'HTTP 500', sent: true, blamesReplica: false };
const DEAD: EngineFailure = {
  code: 'engine_error',
  message: 'it died',
  sent: true,
  blamesReplica: true,
};

describe('what becomes of questions that share a call', () => {
  it('isolates one that the engine refuses: the others are answered, in few more calls', async () => {
    const { engine, ask } = start();
    const answers = ['q0', 'q1', 'q2', 'bad3', 'q4', 'q5', 'q6', 'q7', 'q8'].map((content) => ask(content));
    while (engine.out.length > 0) {
      engine.out[0]?.answer();
      await settle();
    }
    const codes = (await Promise.all(answers)).map((answer) => (answer.ok ? 'ok' : answer.failure.code));
    expect(codes).toEqual(['ok', 'ok', 'ok', 'engine_rejected', 'ok', 'ok', 'ok', 'ok', 'ok']);
    // The one ahead, the call of 8, and two for each of its three halvings.
    expect(engine.made.map(({ contents }) => contents.length)).toEqual([1, 8, 4, 4, 2, 2, 1, 1]);
  });

  it('asks one anew that is left of a refused call, when the refused one has gone', async () => {
    const { engine, ask } = start({ maximum: 2 });
    const refused = call();
    void ask('q0');
    const answers = [ask('bad1', refused), ask('q2')];
    engine.out[1]?.answer();
    refused.cancel();
    await settle();
    engine.out[1]?.answer();
    expect(await answers[1]).toMatchObject({ ok: true, value: { distribution: { mass: 2 } } });
    expect(engine.made.map(({ contents }) => contents)).toEqual([['q0'], ['bad1', 'q2'], ['q2']]);
  });

  it('gives a sick engine two more calls, not one for each question', async () => {
    const { engine, ask } = start();
    const answers = Array.from({ length: 9 }, (_, n) => ask(`q${n}`));
    while (engine.out.length > 0) {
      engine.out[0]?.fail(BROKEN);
      await settle();
    }
    for (const answer of await Promise.all(answers)) expect(answer).toEqual({ ok: false, failure: BROKEN });
    expect(engine.made.map(({ contents }) => contents.length)).toEqual([1, 8, 4, 4]);
  });

  it('asks a dead replica nothing more', async () => {
    const { engine, ask } = start();
    const answers = Array.from({ length: 9 }, (_, n) => ask(`q${n}`));
    for (const out of engine.out.slice()) out.fail(DEAD);
    for (const answer of await Promise.all(answers)) expect(answer).toEqual({ ok: false, failure: DEAD });
    await settle();
    expect(engine.made).toHaveLength(2);
  });

  it('ends the one that leaves at once, and the call when all have left', async () => {
    const { engine, ask } = start({ maximum: 2 });
    const [first, second] = [call('req_1'), { ...call('req_2'), deadline: 500 }];
    void ask('q0');
    const answers = [ask('q1', { ...first, deadline: 100 }), ask('q2', second)];
    const shared = engine.out[1];
    expect(shared?.call).toMatchObject({ requestId: 'req_1', deadline: 500 });
    first.cancel();
    expect(await answers[0]).toMatchObject({ ok: false, failure: { code: 'cancelled', sent: true } });
    expect(shared?.call.signal.aborted).toBe(false);
    second.expire();
    expect(await answers[1]).toMatchObject({ ok: false, failure: { code: 'deadline_exceeded' } });
    expect(shared?.call.signal.aborted).toBe(true);
  });

  it('asks nothing for one that left while it waited', async () => {
    const { clock, ask, calls } = start();
    const [first, second] = [call(), call()];
    void ask('q0');
    const answers = [ask('q1', first), ask('q2', second)];
    first.cancel();
    expect(await answers[0]).toMatchObject({ ok: false, failure: { code: 'cancelled', sent: false } });
    clock.advance(5);
    expect(calls()).toEqual([['q0'], ['q2']]);
    const gone = call();
    gone.cancel();
    expect(await ask('q3', gone)).toMatchObject({ ok: false, failure: { code: 'cancelled', sent: false } });
    expect(calls()).toHaveLength(2);
  });

  it('shows what an adapter throws to every caller', async () => {
    const { ask } = start({ maximum: 2 }, { ask: () => Promise.reject(new Error('a defect')) });
    void ask('q0');
    const answers = await Promise.allSettled([ask('q1'), ask('q2')]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
