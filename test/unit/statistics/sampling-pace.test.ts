import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SamplingPace } from '../../../src/statistics/sampling-pace.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';

describe('the pace of sampling', () => {
  it('brings the mean of the probabilities to the share, whatever the weights are', () => {
    const settings = fc.record({
      share: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      usual: fc.double({ min: 0.05, max: 5, noNaN: true }),
      spread: fc.double({ min: 0, max: 2, noNaN: true }),
      seed: fc.nat(1_000),
    });
    fc.assert(
      fc.property(settings, ({ share, usual, spread, seed }) => {
        const random = createSeededRandom(seed);
        const pace = new SamplingPace(share, usual, 0.05);
        const all = Array.from({ length: 4_000 }, () => pace.next(Math.exp(spread * random.normal())));
        const late = all.slice(1_000);
        expect(Math.abs(late.reduce((sum, p) => sum + p, 0) / late.length - share)).toBeLessThan(0.05);
        expect(Math.min(...all)).toBeGreaterThanOrEqual(0.05);
        expect(Math.max(...all)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it('follows a stream that changes', () => {
    const pace = new SamplingPace(0.25, 1, 0.05);
    for (let at = 0; at < 3_000; at += 1) pace.next(1);
    const late = Array.from({ length: 3_000 }, () => pace.next(0.1)).slice(2_000);
    expect(late.reduce((sum, p) => sum + p, 0) / late.length).toBeCloseTo(0.25, 2);
  });

  it('keeps weighted sums unbiased while it still learns', () => {
    // Values go with the weights: a plain mean of what was taken would be far too large.
    const random = createSeededRandom(7);
    let [weighted, plain, taken, truth] = [0, 0, 0, 0];
    const runs = 400;
    for (let run = 0; run < runs; run += 1) {
      const pace = new SamplingPace(0.3, 0.35, 0.05);
      for (let at = 0; at < 100; at += 1) {
        const value = random.uniform();
        const p = pace.next(value);
        truth += value;
        if (random.uniform() >= p) continue;
        weighted += value / p;
        plain += value;
        taken += 1;
      }
    }
    const count = runs * 100;
    // The standard error of the weighted mean is some .005.
    expect(Math.abs(weighted / count - truth / count)).toBeLessThan(0.02);
    expect(plain / taken - truth / count).toBeGreaterThan(0.1);
  });

  it('takes an even share of even weights from the first item on', () => {
    const pace = new SamplingPace(0.4, 1, 0.05);
    expect(Array.from({ length: 5 }, () => pace.next(1))).toEqual([0.4, 0.4, 0.4, 0.4, 0.4]);
  });
});
