import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/contracts/call.ts';
import type { Item, Wishes } from '../../../src/domain/item.ts';
import { createRanker } from '../../../src/routing/ranking/ranker.ts';
import { routerByLength } from '../../fakes/length-router.ts';

function group(candidates: readonly string[], wishes: Wishes = {}): Item {
  return { id: 'g', prompt: 'p', candidates, rubric: undefined, wishes, metadata: {} };
}

function openCall(signal = new AbortController().signal): Call {
  return { requestId: 'r', team: 't', signal, deadline: Number.POSITIVE_INFINITY };
}

const texts = (...lengths: readonly number[]): string[] =>
  lengths.map((length, index) => String.fromCodePoint(97 + index).repeat(length));

describe('a ranking', () => {
  it('puts the candidates in order and gives rewards that sum to 0', async () => {
    const { router, asked } = routerByLength();
    const ranker = createRanker({ router, resolvedAt: 0.9, concurrency: 4 });
    const ranked = await ranker.rank(group(texts(3, 1, 4, 2), { method: 'all_pairs' }), openCall(), 'vrd_1');
    if (ranked.end.type !== 'ranked') throw new Error('not ranked');
    const { result, flags } = ranked.end;
    expect(result.order).toEqual([2, 0, 3, 1]);
    expect(result.ranks).toEqual([2, 4, 1, 3]);
    expect(result.rewards.reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(0, 9);
    expect(result.comparisons).toEqual({ judged: 6, failed: 0, possible: 6 });
    expect(flags).toEqual([]);
    expect(asked).toHaveLength(6);
  });

  it('compares the first pair alone, so that the others find its beginning in the engine’s cache', async () => {
    const { router, most } = routerByLength();
    const ranker = createRanker({ router, resolvedAt: 1, concurrency: 3 });
    await ranker.rank(group(texts(1, 2, 3, 4, 5), { method: 'circular' }), openCall(), 'vrd_1');
    expect(most()).toBe(3);
    const alone = routerByLength();
    await createRanker({ router: alone.router, resolvedAt: 1, concurrency: 3 }).rank(
      group(texts(1, 2), { method: 'circular' }),
      openCall(),
      'vrd_1',
    );
    expect(alone.asked).toEqual(['a/bb']);
  });

  it('gives equal texts one reward without comparing them, and ties the mean of their ranks', async () => {
    const { router, asked } = routerByLength();
    const ranker = createRanker({ router, resolvedAt: 0.9, concurrency: 4 });
    const ranked = await ranker.rank(group(['aa', 'b', 'aa'], { method: 'all_pairs' }), openCall(), 'vrd_1');
    if (ranked.end.type !== 'ranked') throw new Error('not ranked');
    expect(asked).toEqual(['aa/b']);
    expect(ranked.end.result.ranks).toEqual([1.5, 3, 1.5]);
    expect(ranked.end.result.rewards[0]).toBe(ranked.end.result.rewards[2]);
    const same = await ranker.rank(group(['aa', 'aa']), openCall(), 'vrd_2');
    expect(same.end).toMatchObject({ type: 'ranked', result: { rewards: [0, 0], ranks: [1.5, 1.5] } });
    const tied = await ranker.rank(group(['aa', 'bb']), openCall(), 'vrd_3');
    expect(tied.end).toMatchObject({ type: 'ranked', result: { ranks: [1.5, 1.5] } });
  });

  it('stops when the order is clear, and at its budget', async () => {
    const sixteen = texts(...Array.from({ length: 16 }, (_, n) => ((n * 7) % 16) + 1));
    const clear = routerByLength();
    const ranked = await createRanker({ router: clear.router, resolvedAt: 0.9, concurrency: 8 }).rank(
      group(sixteen),
      openCall(),
      'vrd_1',
    );
    expect(clear.asked.length).toBeLessThan(60);
    expect(ranked.notes[0]).toMatch(/^resolved: 0\.9\d of the order expected right after \d+ pairs$/);
    if (ranked.end.type !== 'ranked') throw new Error('not ranked');
    expect(ranked.end.result.order.slice(0, 3).map((position) => sixteen[position]?.length)).toEqual([
      16, 15, 14,
    ]);
    const short = routerByLength();
    const cut = await createRanker({ router: short.router, resolvedAt: 1, concurrency: 8 }).rank(
      group(sixteen, { comparisons: 20 }),
      openCall(),
      'vrd_1',
    );
    expect(short.asked).toHaveLength(20);
    expect(cut.notes).toEqual(['20 pairs, as many as allowed']);
  });

  it('leaves out what failed and says so, as long as the others link all candidates', async () => {
    const { router } = routerByLength((pair) => pair.includes('a') && pair.includes('bb'));
    const ranker = createRanker({ router, resolvedAt: 0.9, concurrency: 4 });
    const ranked = await ranker.rank(group(texts(1, 2, 3), { method: 'all_pairs' }), openCall(), 'vrd_1');
    expect(ranked.end).toMatchObject({
      type: 'ranked',
      flags: ['incomplete'],
      result: { order: [2, 1, 0], comparisons: { judged: 2, failed: 1, possible: 3 } },
    });
    expect(ranked.notes).toEqual(['3 pairs', '0 1: it broke']);
  });

  it('fails where a candidate is linked to no other, and when its call is over', async () => {
    const { router } = routerByLength((pair) => pair.includes('a'));
    const ranker = createRanker({ router, resolvedAt: 0.9, concurrency: 4 });
    const ranked = await ranker.rank(group(texts(1, 2, 3), { method: 'all_pairs' }), openCall(), 'vrd_1');
    expect(ranked.end).toEqual({
      type: 'failed',
      problem: {
        code: 'engine_error',
        message: '2 comparisons gave no label, and the others do not link all candidates: it broke',
        param: null,
      },
    });
    const over = AbortSignal.abort();
    expect((await ranker.rank(group(texts(1, 2)), openCall(over), 'vrd_2')).end).toMatchObject({
      type: 'failed',
      problem: { code: 'cancelled' },
    });
  });
});
