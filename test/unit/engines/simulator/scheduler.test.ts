import { describe, expect, it } from 'vitest';
import { Scheduler, type Sequence } from '../../../../src/engines/simulator/scheduler.ts';

const clock = {
  firstTokenMs: 0,
  prefillMsPer1000Tokens: 0,
  interTokenMs: 0,
  maxRunning: 1,
  maxQueued: undefined,
  logprobsWarmUpMs: 0,
};

/** A sequence of `length` tokens that writes its name when it starts and resolves when it is over. */
function sequence(name: string, log: string[], { length = 1, priority = 0 } = {}) {
  let left = length;
  const over = Promise.withResolvers<void>();
  const made: Sequence = {
    priority,
    start: () => {
      log.push(name);
      return 100;
    },
    step: () => {
      left -= 1;
      if (left === 0) over.resolve();
      return left > 0;
    },
  };
  return { sequence: made, over: over.promise };
}

describe('the scheduler', () => {
  it('takes the waiting by priority, then by arrival', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler(clock);
    const busy = sequence('busy', log, { length: 1000 });
    scheduler.submit([busy.sequence]);
    const waiting = [
      sequence('normal 1', log),
      sequence('late', log, { priority: 5 }),
      sequence('normal 2', log),
      sequence('early', log, { priority: -5 }),
    ];
    for (const each of waiting) scheduler.submit([each.sequence]);
    expect(scheduler.running).toBe(1);
    expect(scheduler.waiting).toBe(4);
    await Promise.all(waiting.map((each) => each.over));
    expect(log).toEqual(['busy', 'early', 'normal 1', 'normal 2', 'late']);
  });

  it('refuses what would have to wait beyond the bound, all or nothing', () => {
    const log: string[] = [];
    const scheduler = new Scheduler({ ...clock, maxRunning: 2, maxQueued: 1 });
    const long = () => sequence('x', log, { length: 1e9 }).sequence;
    expect(scheduler.submit([long()])).toBe(true);
    expect(scheduler.submit([long(), long(), long()])).toBe(false);
    expect(scheduler.running).toBe(1);
    expect(scheduler.submit([long(), long()])).toBe(true);
    expect(scheduler.submit([long()])).toBe(false);
    expect([scheduler.running, scheduler.waiting]).toEqual([2, 1]);
    scheduler.close();
  });

  it('gives the place of one that leaves to the next', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler(clock);
    const busy = sequence('busy', log, { length: 1e9 });
    const left = sequence('left', log);
    const next = sequence('next', log);
    for (const each of [busy, left, next]) scheduler.submit([each.sequence]);
    scheduler.remove(left.sequence);
    scheduler.remove(busy.sequence);
    expect(scheduler.running).toBe(0);
    await next.over;
    expect(log).toEqual(['busy', 'next']);
    expect([scheduler.running, scheduler.waiting]).toEqual([0, 0]);
  });

  it('moves nothing while stuck and everything afterwards', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler(clock);
    scheduler.isStuck = true;
    const one = sequence('one', log);
    scheduler.submit([one.sequence]);
    expect([log.length, scheduler.waiting]).toEqual([0, 1]);
    scheduler.isStuck = false;
    await one.over;
    expect(log).toEqual(['one']);
  });

  it('takes the time its clock says, prompts one after the other and tokens side by side', async () => {
    const log: string[] = [];
    const scheduler = new Scheduler({
      ...clock,
      maxRunning: 8,
      firstTokenMs: 20,
      prefillMsPer1000Tokens: 100,
      interTokenMs: 10,
    });
    const from = performance.now();
    const all = Array.from({ length: 3 }, () => sequence('x', log, { length: 3 }));
    for (const each of all) scheduler.submit([each.sequence]);
    const ends = await Promise.all(all.map((each) => each.over.then(() => performance.now() - from)));
    // Three prompts of 100 tokens: 10 ms each, in a row; then 20 ms to the first token and 2 x 10 ms more.
    expect(ends[0]).toBeGreaterThanOrEqual(49);
    expect(ends[1]).toBeGreaterThanOrEqual(59);
    expect(ends[2]).toBeGreaterThanOrEqual(69);
  });
});
