import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from '../../../src/resilience/retry-budget.ts';
import { manualClock } from '../../fakes/clock.ts';

describe('the retry budget', () => {
  it('has three retries when there are few requests, and a fifth of many', () => {
    const budget = createRetryBudget({ share: 0.2, minimum: 3 }, manualClock());
    expect([1, 2, 3, 4].map(() => budget.take())).toEqual([true, true, true, false]);
    for (let i = 0; i < 50; i += 1) budget.requested();
    expect(Array.from({ length: 8 }, () => budget.take()).filter(Boolean)).toHaveLength(7);
  });

  it('forgets after ten seconds', () => {
    const clock = manualClock();
    const budget = createRetryBudget({ share: 0.2, minimum: 3 }, clock);
    for (let i = 0; i < 100; i += 1) budget.requested();
    for (let i = 0; i < 20; i += 1) budget.take();
    expect(budget.take()).toBe(false);
    clock.advance(9_000);
    expect(budget.take()).toBe(false);
    clock.advance(1_000);
    expect([1, 2, 3, 4].map(() => budget.take())).toEqual([true, true, true, false]);
  });

  it('never makes more than 1.2 times the requests, and three, within ten seconds', () => {
    const step = fc.record({
      waitMs: fc.nat({ max: 400 }),
      requests: fc.nat({ max: 20 }),
      tries: fc.nat({ max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = manualClock();
        const budget = createRetryBudget({ share: 0.2, minimum: 3 }, clock);
        const log: { at: number; requests: number; retries: number }[] = [];
        for (const { waitMs, requests, tries } of steps) {
          clock.advance(waitMs);
          for (let i = 0; i < requests; i += 1) budget.requested();
          let retries = 0;
          for (let i = 0; i < tries; i += 1) if (budget.take()) retries += 1;
          const at = Math.floor(clock.now() / 1_000);
          log.push({ at, requests, retries });
          const recent = log.filter((entry) => entry.at > at - 10);
          const asked = recent.reduce((sum, entry) => sum + entry.requests, 0);
          const tried = recent.reduce((sum, entry) => sum + entry.retries, 0);
          // Requests may leave the window before the retries that they allowed: only new retries must fit.
          const allowed = retries > 0 ? Math.max(3, 0.2 * asked) : Number.POSITIVE_INFINITY;
          expect(tried).toBeLessThanOrEqual(allowed);
        }
      }),
      { numRuns: 50 },
    );
  });
});
