import { describe, expect, it } from 'vitest';
import { createDisagreementWatch } from '../../../src/caching/disagreement-watch.ts';
import { createRecheck, newRecheckCounts } from '../../../src/caching/recheck.ts';
import type { LabelFilter } from '../../../src/contracts/cache.ts';
import type { Label } from '../../../src/domain/verdict.ts';
import { openCall } from '../../fakes/engine.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';
import { labelledResult } from '../../fakes/routing-results.ts';

/** A recheck whose coin always falls on yes (or as given), and whose judges say what the test says. */
function setUp(options: { now: () => Label | null; uniform?: () => number; room?: boolean }) {
  const counts = newRecheckCounts();
  const forgotten: string[] = [];
  const dropped: LabelFilter[] = [];
  const running: Promise<void>[] = [];
  const similar: boolean[] = [];
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    flush: () => undefined,
  };
  const recheck = createRecheck({
    share: 0.01,
    tolerated: 0.05,
    timeoutMs: 1_000,
    random: { uniform: options.uniform ?? (() => 0) },
    logger,
    counts,
    later({ work }) {
      if (options.room === false) return false;
      running.push(work(openCall()));
      return true;
    },
    judge: () => Promise.resolve(options.now()),
    similar: (_given, isCorrect) => void similar.push(isCorrect),
    forget: ({ pair }) => void forgotten.push(pair),
    forgetAll: (filter) => void dropped.push(filter),
  });
  const give = async (pair: string, reuse: 'exact' | 'semantic' = 'exact'): Promise<void> => {
    const item = { id: 'i', prompt: 'p', candidates: ['x', 'y'], rubric: undefined, metadata: {} };
    const key = { pair, order: 'ab', arranged: `${pair}.ab` } as const;
    const result = { ...labelledResult(0.9, 0.1), reuse };
    recheck.given({ key, item, result, verdictId: 'v' }, openCall());
    await Promise.all(running);
  };
  return { counts, forgotten, dropped, similar, give };
}

describe('a label that is given again', () => {
  it('of a similar item teaches its entry, and blames neither the key nor the judge', async () => {
    const { counts, forgotten, dropped, similar, give } = setUp({ now: () => 'b' });
    for (let i = 0; i < 40; i += 1) await give(`item ${i}`, 'semantic');
    expect(similar).toEqual(Array.from({ length: 40 }, () => false));
    expect([forgotten, dropped]).toEqual([[], []]);
    expect(counts).toMatchObject({ checked: 40, disagreed: 40, judgesDropped: 0 });
  });

  it('is kept when it is confirmed, and looked at once', async () => {
    const { counts, forgotten, give } = setUp({ now: () => 'a' });
    await give('one');
    await give('one');
    expect(counts).toEqual({ checked: 1, disagreed: 0, undecided: 0, judgesDropped: 0 });
    expect(forgotten).toEqual([]);
  });

  it('is forgotten when it comes out otherwise', async () => {
    const { counts, forgotten, give } = setUp({ now: () => 'b' });
    await give('one');
    expect(counts).toMatchObject({ checked: 1, disagreed: 1 });
    expect(forgotten).toEqual(['one']);
  });

  it('is left as it is when nothing came of it, or there was no room', async () => {
    const silent = setUp({ now: () => null });
    await silent.give('one');
    const full = setUp({ now: () => 'b', room: false });
    await full.give('one');
    for (const { counts, forgotten } of [silent, full]) {
      expect(counts).toMatchObject({ checked: 0, undecided: 1 });
      expect(forgotten).toEqual([]);
    }
  });

  it('is looked at with the probability that is asked for', async () => {
    let draw = 0;
    const { counts, give } = setUp({ now: () => 'a', uniform: () => (draw = (draw + 0.001) % 1) });
    for (let i = 0; i < 2_000; i += 1) await give(`label ${i}`);
    expect(counts.checked).toBeGreaterThanOrEqual(18);
    expect(counts.checked).toBeLessThanOrEqual(22);
  });

  it('takes all labels of its judge along when too many come out otherwise', async () => {
    let said = 0;
    const { counts, dropped, give } = setUp({ now: () => ((said += 1) % 4 === 0 ? 'b' : 'a') });
    for (let i = 0; i < 200; i += 1) await give(`label ${i}`);
    expect(counts.judgesDropped).toBeGreaterThanOrEqual(1);
    expect(dropped[0]).toEqual({ judge: keyOfModel('m').id });
  });
});

describe('the watch over disagreement', () => {
  /** Deterministic: xorshift on 32 bits. */
  const drawsOf = (seed: number) => {
    let state = seed;
    return () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32;
    };
  };
  const alarmsOf = (share: number, runs: number, length: number): number => {
    let alarms = 0;
    for (let run = 1; run <= runs; run += 1) {
      const draw = drawsOf(run * 7_919);
      const watch = createDisagreementWatch(0.05);
      for (let i = 0; i < length; i += 1) {
        if (!watch.saw(draw() < share)) continue;
        alarms += 1;
        break;
      }
    }
    return alarms;
  };

  it('is silent at the tolerated share: at most one run in a hundred, over 2,000 looks', () => {
    expect(alarmsOf(0.05, 400, 2_000)).toBeLessThanOrEqual(8);
  });

  it('sees three times as much within 200 looks', () => {
    expect(alarmsOf(0.15, 100, 200)).toBeGreaterThanOrEqual(95);
  });
});
