import { describe, expect, it } from 'vitest';
import { createCachedRouter } from '../../../src/caching/cached-router.ts';
import { createLabelStore } from '../../../src/caching/label-store.ts';
import type { CacheUse } from '../../../src/contracts/cache.ts';
import type { Call } from '../../../src/contracts/call.ts';
import type { RoutingResult } from '../../../src/contracts/routing.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import type { Item } from '../../../src/domain/item.ts';
import { manualClock } from '../../fakes/clock.ts';
import { openCall } from '../../fakes/engine.ts';
import { failedResult, labelledResult, TRAIL_ENTRY } from '../../fakes/routing-results.ts';

const ITEM: Item = { id: 'i', prompt: 'p', candidates: ['x', 'y'], rubric: undefined, metadata: {} };
const SWAPPED: Item = { ...ITEM, id: 'j', candidates: ['y', 'x'] };

interface Judging {
  readonly call: Call;
  readonly verdictId: string;
  answer(result: RoutingResult): void;
  break(error: Error): void;
}

/** A cached router in front of judges whose answers the test gives by hand. */
function setUp(options: { bytes?: number; isCurrent?: () => boolean } = {}) {
  const clock = manualClock();
  const judging: Judging[] = [];
  const reused: string[] = [];
  const judges = {
    route: (_: Item, call: Call, verdictId: string) =>
      new Promise<RoutingResult>((resolve, reject) => {
        judging.push({ call, verdictId, answer: resolve, break: reject });
      }),
  };
  const store = createLabelStore(options.bytes ?? 1_000_000, clock);
  const router = createCachedRouter(judges, {
    store,
    shared: null,
    ttlMs: 1_000,
    policy: 'default',
    promise: 'p',
    stratumOf: () => 'all',
    isCurrent: options.isCurrent ?? (() => true),
    answered: () => undefined,
    recheck: null,
    reused: (_result, _place, verdictId) => void reused.push(verdictId),
  });
  let verdicts = 0;
  const ask = (item: Item, call: Call = openCall()) => router.route(item, call, `v${(verdicts += 1)}`);
  const judged = async (item: Item, result: RoutingResult, call: Call = openCall()) => {
    const before = judging.length;
    const asked = ask(item, call);
    expect(judging.length).toBe(before + 1);
    judging[before]?.answer(result);
    return asked;
  };
  return { clock, judging, reused, store, ask, judged };
}

const using = (cache: CacheUse): Call => ({ ...openCall(), cache });
const labelsOf = ({ end }: RoutingResult) => (end.type === 'failed' ? null : end.judgment.probabilities);

describe('labels that were bought', () => {
  it('are given again with their history and without their price', async () => {
    const { ask, judged, judging, reused } = setUp();
    const first = await judged(ITEM, labelledResult(0.9, 0.1));
    expect(first.reuse).toBeUndefined();
    expect(first.trail[0]?.cost.nanoUsd).toBe(700);
    const again = await ask({ ...ITEM, id: 'other', metadata: { of: 'someone' } });
    expect(judging.length).toBe(1);
    expect(again.reuse).toBe('exact');
    expect(labelsOf(again)).toEqual({ a: 0.9, b: 0.1, tie: 0 });
    const free = {
      nanoUsd: 0,
      usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
      engineSeconds: 0,
    };
    expect(again.trail).toEqual([{ ...TRAIL_ENTRY, cost: free }]);
    expect(again.decisions).toEqual([{ tier: 'small', accepted: true, reason: 'sure' }]);
    expect(reused).toEqual(['v2']);
  });

  it('are exchanged for the exchanged pair when both orders were averaged', async () => {
    const { ask, judged, judging } = setUp();
    await judged(SWAPPED, labelledResult(0.9, 0.1));
    const other = await ask(ITEM);
    expect(judging.length).toBe(1);
    expect(other.reuse).toBe('flipped');
    expect(labelsOf(other)).toEqual({ a: 0.1, b: 0.9, tie: 0 });
    expect(other.trail[0]).toMatchObject({ order: 'ba', pFirst: 0.9 });
    const { end } = other;
    expect(end.type === 'accepted' && end.judgment.readings[0]).toMatchObject({
      order: 'ba',
      probabilities: { a: 0.1, b: 0.9 },
    });
  });

  it('of one order are good for their own arrangement alone, and a newer one replaces an older', async () => {
    const { ask, judged } = setUp();
    await judged(ITEM, labelledResult(0.9, 0.1, ['single_order']));
    await judged(SWAPPED, labelledResult(0.8, 0.2, ['single_order']));
    expect(labelsOf(await ask(ITEM))).toMatchObject({ a: 0.9 });
    expect(await ask(SWAPPED)).toMatchObject({ reuse: 'exact', end: { judgment: { confidence: 0.8 } } });
    await judged(ITEM, labelledResult(0.7, 0.3), using('refresh'));
    expect(labelsOf(await ask(SWAPPED))).toEqual({ a: 0.3, b: 0.7, tie: 0 });
    await judged(ITEM, labelledResult(0.6, 0.4, ['single_order']), using('refresh'));
    expect(labelsOf(await ask(ITEM))).toMatchObject({ a: 0.6 });
  });

  it.each([
    ['a failure', failedResult('engine_error')],
    ['an item without budget', failedResult('over_budget')],
    ['orders that cancel out after a judge failed', withFailure(labelledResult(0.5, 0.5))],
  ])('are not kept for %s', async (_, result) => {
    const { judged } = setUp();
    await judged(ITEM, result);
    expect((await judged(ITEM, labelledResult(0.9, 0.1))).reuse).toBeUndefined();
  });

  it('are kept for an abstention after every judge had its say', async () => {
    const { ask, judged } = setUp();
    await judged(ITEM, labelledResult(0.5, 0.5));
    expect((await ask(ITEM)).reuse).toBe('exact');
  });

  it('are given only while the policy stands by them', async () => {
    let isCurrent = true;
    const { ask, judged } = setUp({ isCurrent: () => isCurrent });
    await judged(ITEM, labelledResult(0.9, 0.1));
    isCurrent = false;
    await judged(ITEM, labelledResult(0.8, 0.2));
    isCurrent = true;
    expect(labelsOf(await ask(ITEM))).toMatchObject({ a: 0.9 });
  });

  it('are forgotten after their time, and at no-cache and no-store as these say', async () => {
    const { clock, ask, judged } = setUp();
    await judged(ITEM, labelledResult(0.9, 0.1));
    await judged(ITEM, labelledResult(0.8, 0.2), using('bypass'));
    expect(labelsOf(await ask(ITEM))).toMatchObject({ a: 0.9 });
    await judged(ITEM, labelledResult(0.7, 0.3), using('refresh'));
    clock.advance(999);
    expect(labelsOf(await ask(ITEM))).toMatchObject({ a: 0.7 });
    clock.advance(1);
    expect((await judged(ITEM, labelledResult(0.6, 0.4))).reuse).toBeUndefined();
  });

  it('never take more bytes than allowed: those unused for longest go', async () => {
    const { ask, judged, judging, store } = setUp({ bytes: 8_600 });
    const numbered = (n: number): Item => ({ ...ITEM, prompt: `p${n}` });
    for (let n = 0; n < 3; n += 1) await judged(numbered(n), labelledResult(0.9, 0.1));
    await ask(numbered(0));
    await judged(numbered(3), labelledResult(0.9, 0.1));
    await ask(numbered(0));
    expect(judging.length).toBe(4);
    expect(store.size()).toMatchObject({ entries: 3, evicted: 1 });
    await judged(numbered(1), labelledResult(0.9, 0.1));
    expect(store.size()).toMatchObject({ entries: 3, evicted: 2 });
  });
});

describe('equal items at the same time', () => {
  it('are judged once; one of a thousand pays', async () => {
    const { ask, judging, reused } = setUp();
    const all = Array.from({ length: 1_000 }, () => ask(ITEM));
    expect(judging.length).toBe(1);
    judging[0]?.answer(labelledResult(0.9, 0.1));
    const results = await Promise.all(all);
    expect(results.filter(({ reuse }) => reuse === 'shared').length).toBe(999);
    expect(results.reduce((sum, { trail }) => sum + (trail[0]?.cost.nanoUsd ?? 0), 0)).toBe(700);
    expect(results.every((result) => labelsOf(result)?.a === 0.9)).toBe(true);
    expect(new Set(reused).size).toBe(999);
    expect(reused).not.toContain('v1');
  });

  it('go on when the first leaves, under the latest deadline, and stop when all have left', async () => {
    const { ask, judging, reused } = setUp();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = ask(ITEM, { ...openCall(one.signal), deadline: 100 });
    const second = ask(ITEM, { ...openCall(two.signal), deadline: 500 });
    const shared = judging[0]?.call;
    expect(shared?.deadline).toBe(500);
    one.abort(new GatewayError('deadline_exceeded', 'no answer within 100 ms'));
    expect(await first).toMatchObject({
      trail: [],
      end: { type: 'failed', problem: { code: 'deadline_exceeded', message: 'no answer within 100 ms' } },
    });
    expect(shared?.signal.aborted).toBe(false);
    two.abort(new GatewayError('cancelled', 'the caller went away'));
    expect(shared?.signal.reason).toMatchObject({ code: 'cancelled' });
    // Nobody joins work that is being stopped, and the last one sees what was done.
    const third = ask(ITEM);
    expect(judging.length).toBe(2);
    judging[0]?.answer(failedResult('cancelled'));
    judging[1]?.answer(labelledResult(0.8, 0.2));
    expect((await second).trail[0]?.cost.nanoUsd).toBe(700);
    expect(labelsOf(await third)).toMatchObject({ a: 0.8 });
    expect(reused).toEqual(['v2']);
  });

  it('hand the price and the label over to the follower', async () => {
    const { ask, judging, reused } = setUp();
    const leader = new AbortController();
    const first = ask(ITEM, openCall(leader.signal));
    const second = ask(ITEM);
    leader.abort(new GatewayError('cancelled', 'the caller went away'));
    await first;
    judging[0]?.answer(labelledResult(0.9, 0.1));
    const result = await second;
    expect(result.reuse).toBeUndefined();
    expect(result.trail[0]?.cost.nanoUsd).toBe(700);
    expect(reused).toEqual(['v2']);
    expect((await ask(ITEM)).reuse).toBe('exact');
  });

  it('share a failure, which is not kept', async () => {
    const { ask, judged, judging } = setUp();
    const all = [ask(ITEM), ask(ITEM)];
    judging[0]?.answer(failedResult('engine_error'));
    const [first, second] = await Promise.all(all);
    expect(first?.end.type).toBe('failed');
    expect(second).toMatchObject({ end: { type: 'failed' }, reuse: 'shared' });
    await judged(ITEM, labelledResult(0.9, 0.1));
  });

  it('share a defect without leaving anything behind', async () => {
    const { ask, judged, judging } = setUp();
    const all = [ask(ITEM), ask(ITEM)];
    judging[0]?.break(new Error('a defect'));
    const ends = await Promise.allSettled(all);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await judged(ITEM, labelledResult(0.9, 0.1));
  });

  it("do not fail by another one's deadline", async () => {
    const { ask, judging } = setUp();
    const all = [ask(ITEM, { ...openCall(), deadline: 1 }), ask(ITEM)];
    judging[0]?.answer(failedResult('deadline_exceeded'));
    expect((await all[0])?.end.type).toBe('failed');
    await expect.poll(() => judging.length).toBe(2);
    judging[1]?.answer(labelledResult(0.9, 0.1));
    expect((await all[1])?.end.type).toBe('accepted');
  });
});

function withFailure(result: RoutingResult): RoutingResult {
  const problem = { code: 'engine_error', message: 'gone', param: null } as const;
  return { ...result, trail: [{ ...TRAIL_ENTRY, problem }, TRAIL_ENTRY] };
}
