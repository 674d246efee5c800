import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConcurrencyLimit } from '../../../src/resilience/concurrency-limit.ts';

const BOUNDS = { minimum: 1, initial: 20, maximum: 100 };

/** One window of ten samples. */
function window(limit: ReturnType<typeof createConcurrencyLimit>, ms: number, running: number): void {
  for (let i = 0; i < 10; i += 1) limit.sample(ms, running);
}

describe('the concurrency limit', () => {
  it('grows by a fifth of its headroom per window while tokens come as usual', () => {
    const limit = createConcurrencyLimit(BOUNDS);
    window(limit, 50, 20);
    // 20 * 0.8 + (20 + 4) * 0.2
    expect(limit.current()).toBe(20);
    window(limit, 50, 20);
    expect(limit.current()).toBe(21);
    for (let i = 0; i < 200; i += 1) window(limit, 50, 100);
    expect(limit.current()).toBe(100);
  });

  it('does not grow while less than half of it is used', () => {
    const limit = createConcurrencyLimit(BOUNDS);
    for (let i = 0; i < 50; i += 1) window(limit, 50, 9);
    expect(limit.current()).toBe(20);
  });

  it('shrinks towards half when first tokens come four times as late as they used to', () => {
    const limit = createConcurrencyLimit({ ...BOUNDS, initial: 100 });
    for (let i = 0; i < 100; i += 1) window(limit, 50, 100);
    expect(limit.current()).toBe(100);
    window(limit, 200, 100);
    // The long mean is 50 + 150/101; the gradient 1.5 * 51.485 / 200 is held at 0.5: 80 + (50 + 4) * 0.2.
    expect(limit.current()).toBe(90);
  });

  it('takes times within half as much again for no queue', () => {
    const limit = createConcurrencyLimit({ ...BOUNDS, initial: 50 });
    for (let i = 0; i < 100; i += 1) window(limit, 50, 1);
    window(limit, 74, 50);
    expect(limit.current()).toBe(50);
    window(limit, 74, 50);
    expect(limit.current()).toBe(51);
  });

  it('backs off to nine tenths of what was running when the engine says that it is busy', () => {
    const limit = createConcurrencyLimit(BOUNDS);
    limit.overloaded(10);
    expect(limit.current()).toBe(9);
    limit.overloaded(50);
    expect(limit.current()).toBe(8);
    for (let i = 0; i < 100; i += 1) limit.overloaded(1);
    expect(limit.current()).toBe(1);
  });

  it('stays within its bounds, and is a whole number, whatever it sees', () => {
    const event = fc.oneof(
      fc.record({ ms: fc.double({ min: 0, max: 1e6, noNaN: true }), running: fc.nat(2_000) }),
      fc.record({ overloaded: fc.nat(2_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), (events) => {
        const limit = createConcurrencyLimit({ minimum: 2, initial: 16, maximum: 64 });
        for (const each of events) {
          if ('overloaded' in each) limit.overloaded(each.overloaded);
          else limit.sample(each.ms, each.running);
          expect(Number.isInteger(limit.current())).toBe(true);
          expect(limit.current()).toBeGreaterThanOrEqual(2);
          expect(limit.current()).toBeLessThanOrEqual(64);
        }
      }),
    );
  });
});
