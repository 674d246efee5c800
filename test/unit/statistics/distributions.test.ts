import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allowedErrors,
  binomialLowerBound,
  binomialUpperBound,
  createBinomialBounds,
  minimumItems,
  wilson,
} from '../../../src/statistics/binomial.ts';
import {
  betaCdf,
  betaQuantile,
  logGamma,
  normalCdf,
  normalQuantile,
  twoSidedT,
} from '../../../src/statistics/special.ts';

// Literals below are scipy 1.17's.
function expectClose(actual: number, expected: number, relative = 1e-10): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));
}

describe('special functions', () => {
  it.each([
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247],
    [3.7, 1.428072326665388],
    [100, 359.1342053695754],
    [12345.6, 103959.18506616844],
  ])('logGamma(%d) = %d', (x, expected) => expectClose(logGamma(x), expected, 1e-12));

  it.each([
    [0.9, 1, 250, 0.009168055107232426],
    [0.9, 6, 245, 0.03678198779798631],
    [0.5, 0.5, 0.5, 0.5],
    [0.01, 2, 3, 0.04199863562170072],
    [0.999, 1000, 20000, 0.052282887902659336],
    [0.1, 0.2, 7, 9.87810148223738e-7],
    [0.95, 50000, 50001, 0.5025957179534168],
  ])('betaQuantile(%d, %d, %d) = %d', (p, a, b, expected) => expectClose(betaQuantile(p, a, b), expected));

  it.each([
    [0.05, 6, 245, 0.9869144494759804],
    [0.5, 10, 10, 0.5],
    [0.3, 0.5, 0.5, 0.36901011956554536],
    [0.01, 3, 200, 0.32876182896161066],
  ])('betaCdf(%d, %d, %d) = %d', (x, a, b, expected) => expectClose(betaCdf(x, a, b), expected));

  it.each([
    [0.975, 1.959963984540054],
    [0.9, 1.2815515655446004],
    [0.3, -0.5244005127080409],
    [0.001, -3.090232306167813],
    [1e-10, -6.361340902404056],
  ])('normalQuantile(%d) = %d', (p, expected) => expectClose(normalQuantile(p), expected));

  it.each([
    [0.95, 1, 12.706204736],
    [0.95, 10, 2.228138852],
    [0.9, 48, 1.677224197],
    [0.99, 5, 4.032142984],
  ])('twoSidedT(%d, %d) = %d', (level, freedom, t) => expect(twoSidedT(level, freedom)).toBeCloseTo(t, 7));

  it.each([
    [-8, 6.22096057427174e-16],
    [-3, 0.0013498980316300933],
    [-1, 0.15865525393145707],
    [0.5, 0.6914624612740131],
    [2.5, 0.9937903346742238],
  ])('normalCdf(%d) = %d', (z, expected) => expectClose(normalCdf(z), expected, 1e-12));

  it('inverts the incomplete beta function', () => {
    // Below shape 1 the density is infinite at an end, and one unit in the last place of x moves p by more.
    const shape = fc.double({ min: 1, max: 3000, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 0.9999, noNaN: true }), shape, shape, (p, a, b) => {
        expect(Math.abs(betaCdf(betaQuantile(p, a, b), a, b) - p)).toBeLessThan(1e-9);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('refuses what has no answer', () => {
    expect(() => logGamma(0)).toThrow(RangeError);
    expect(() => betaQuantile(1.1, 1, 1)).toThrow(RangeError);
    expect(() => betaCdf(0.5, 0, 1)).toThrow(RangeError);
    expect(() => normalQuantile(1)).toThrow(RangeError);
    expect(betaQuantile(0, 2, 3)).toBe(0);
    expect(betaQuantile(1, 2, 3)).toBe(1);
  });
});

describe('binomial bounds', () => {
  it.each([
    [0, 45, 0.1, 0.04988149268185629],
    [0, 44, 0.1, 0.05098576395752708],
    [7, 250, 0.1, 0.04663452589913256],
    [8, 250, 0.1, 0.0514594347390693],
    [3, 100, 0.05, 0.07571079374983004],
    [99, 100, 0.05, 0.9994871985837377],
    [500, 10000, 0.01, 0.05530080334223367],
  ])('upper bound of %d errors in %d at %d', (errors, n, delta, expected) => {
    expectClose(binomialUpperBound(errors, n, delta), expected);
  });

  it('has its ends and its lower side', () => {
    expect(binomialUpperBound(10, 10, 0.1)).toBe(1);
    expect(binomialUpperBound(0, 0, 0.1)).toBe(1);
    expect(binomialLowerBound(0, 10, 0.1)).toBe(0);
    expectClose(binomialLowerBound(7, 250, 0.1), 0.015645374715515224);
    expectClose(binomialLowerBound(100, 100, 0.05), 0.9704869503929601);
  });

  it.each([
    [0.05, 45],
    [0.02, 114],
    [0.01, 230],
  ])('needs at least this many items for alpha %d', (alpha, items) => {
    expect(minimumItems(alpha, 0.1)).toBe(items);
  });

  it.each([
    [44, 0.05, 0.1, -1],
    [45, 0.05, 0.1, 0],
    [250, 0.05, 0.1, 7],
    [250, 0.1, 0.1, 18],
    [250, 0.02, 0.1, 1],
    [2000, 0.05, 0.05, 83],
    [100, 0.02, 0.1, -1],
    [0, 0.05, 0.1, -1],
  ])('of %d items at alpha %d and delta %d this many may be wrong', (n, alpha, delta, errors) => {
    expect(allowedErrors(n, alpha, delta)).toBe(errors);
    expect(createBinomialBounds(n, delta).allowedErrors(alpha)).toBe(errors);
  });

  it('allows exactly as much as the bound does, also for a delta above one half', () => {
    const share = fc.double({ min: 0.01, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), share, share, (n, alpha, delta) => {
        const errors = allowedErrors(n, alpha, delta);
        if (errors >= 0) expect(binomialUpperBound(errors, n, delta)).toBeLessThanOrEqual(alpha);
        expect(binomialUpperBound(errors + 1, n, delta)).toBeGreaterThan(alpha);
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('remembers the same numbers', () => {
    const bounds = createBinomialBounds(250, 0.1);
    expect(bounds.upper(7)).toBe(bounds.upper(7));
    expectClose(bounds.upper(7), 0.04663452589913256);
    expect(bounds.upper(250)).toBe(1);
    expect(() => bounds.upper(251)).toThrow(RangeError);
  });

  it('gives the score interval of Wilson', () => {
    const interval = wilson(7, 250, 0.95);
    expect(interval.estimate).toBe(0.028);
    expectClose(interval.low, 0.013628058600839217);
    expectClose(interval.high, 0.05665777612286046);
    expectClose(wilson(10, 10, 0.9).low, 0.787058029916593);
    expect(wilson(10, 10, 0.9).high).toBe(1);
    expect(wilson(0, 10, 0.9).low).toBe(0);
  });

  it('refuses impossible counts and levels', () => {
    expect(() => binomialUpperBound(3, 2, 0.1)).toThrow(RangeError);
    expect(() => binomialUpperBound(1.5, 2, 0.1)).toThrow(RangeError);
    expect(() => binomialUpperBound(1, 2, 0)).toThrow(RangeError);
    expect(() => minimumItems(1, 0.1)).toThrow(RangeError);
  });
});
