import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs } from '../../../src/cli/label/backoff.ts';

describe('the wait before another try', () => {
  it('is at most 100 ms at first, doubles, and never exceeds 5 s above Retry-After', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 60_000 }), (attempt, floor) => {
        const wait = backoffMs(attempt, floor);
        expect(wait).toBeGreaterThanOrEqual(floor);
        expect(wait).toBeLessThanOrEqual(floor + Math.min(5000, 50 * 2 ** attempt));
      }),
    );
  });

  it.each([
    [undefined, 0],
    ['0', 0],
    ['2', 2000],
    ['0.5', 500],
    ['600', 60_000],
    ['-3', 0],
    ['soon', 0],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 7000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ])('reads Retry-After %j as %i ms', (header, expected) => {
    expect(retryAfterMs(header, 3000)).toBe(expected);
  });
});
