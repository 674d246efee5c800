import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  brierScore,
  expectedCalibrationError,
  logLoss,
  reliabilityBins,
} from '../../../src/statistics/calibration-error.ts';
import { applyIsotonic, fitIsotonic } from '../../../src/statistics/isotonic.ts';
import { fitLogistic, predictLogistic } from '../../../src/statistics/logistic.ts';
import { applyPlatt, fitPlatt } from '../../../src/statistics/platt.ts';

const ROWS = [
  [1, 5],
  [2, 3],
  [3, 8],
  [4, 1],
  [5, 2],
  [6, 7],
  [7, 6],
  [8, 4],
  [2.5, 7],
  [6.5, 3],
];
const OUTCOMES = [0, 0, 1, 0, 1, 0, 1, 1, 0, 1];
const WEIGHTS = [1, 2, 1, 1, 1, 3, 1, 1, 1, 0.5];
const OFFSET = Array.from({ length: 10 }, (_, i) => -1 + (2 * i) / 9);

describe('logistic regression', () => {
  // Literals: the same penalised likelihood maximised by numpy.
  it.each([
    ['standardised', { l2: 1 }, [-1.96378711117839, 0.37067610366764325, -0.07175387869228006]],
    [
      'as it is',
      { l2: 0.5, standardise: false },
      [-2.583884949547638, 0.5465165065524579, -0.1256516143234122],
    ],
    [
      'pulled to a prior',
      { l2: 5, prior: { intercept: 0, coefficients: [0.8, -0.3] } },
      [-3.0730904133933006, 0.7668059555175426, -0.2623425775534919],
    ],
    [
      'on an offset',
      { l2: 1, offset: OFFSET },
      [-1.2893934414022754, 0.2630875544304625, -0.10550024205046596],
    ],
  ])('fits %s', (_, options, [intercept, first, second]) => {
    const model = fitLogistic(ROWS, OUTCOMES, { weights: WEIGHTS, ...options });
    expect(model.converged).toBe(true);
    expect(model.intercept).toBeCloseTo(intercept!, 7);
    expect(model.coefficients[0]).toBeCloseTo(first!, 7);
    expect(model.coefficients[1]).toBeCloseTo(second!, 7);
  });

  it('stays finite for separable data, one class and a column that never varies', () => {
    const separable = fitLogistic(
      [
        [1, 3],
        [2, 3],
        [8, 3],
        [9, 3],
      ],
      [0, 0, 1, 1],
      { l2: 0.01 },
    );
    expect(separable.coefficients[1]).toBe(0);
    expect(predictLogistic(separable, [1, 3])).toBeLessThan(0.05);
    expect(predictLogistic(separable, [9, 3])).toBeGreaterThan(0.95);
    const certain = predictLogistic(fitLogistic([[1], [2]], [1, 1]), [1]);
    expect(certain).toBeGreaterThan(0.99);
    expect(Number.isFinite(fitLogistic([[1], [2], [3], [4]], [0, 0, 1, 1], { l2: 0 }).coefficients[0])).toBe(
      true,
    );
  });

  it('is the prior when the penalty is overwhelming', () => {
    const prior = { intercept: -1, coefficients: [0.8, -0.3] };
    const model = fitLogistic(ROWS, OUTCOMES, { l2: 1e9, prior });
    expect(model.coefficients[0]).toBeCloseTo(0.8, 6);
    expect(model.coefficients[1]).toBeCloseTo(-0.3, 6);
  });

  it('refuses a table that is none', () => {
    expect(() => fitLogistic([], [])).toThrow('at least one row');
    expect(() => fitLogistic([[1], [2]], [1])).toThrow('as many outcomes');
    expect(() => fitLogistic([[1], [2, 3]], [0, 1])).toThrow('one length');
    expect(() => fitLogistic([[1], [Number.NaN]], [0, 1])).toThrow('finite');
  });

  it('meets the mean of the outcomes, whatever the data', () => {
    const row = fc.tuple(
      fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 3, maxLength: 3 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 5, maxLength: 60 }), (rows) => {
        const outcomes = rows.map(([, right]) => Number(right));
        const share = outcomes.reduce((a, b) => a + b, 0) / rows.length;
        fc.pre(share > 0 && share < 1);
        const model = fitLogistic(
          rows.map(([x]) => x),
          outcomes,
        );
        const mean = rows.reduce((sum, [x]) => sum + predictLogistic(model, x), 0) / rows.length;
        expect(mean).toBeCloseTo(share, 6);
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});

describe('Platt scaling', () => {
  const scores = [-2, -1, -0.5, 0.2, 0.4, 1, 1.5, 2.2];
  it('fits smoothed targets', () => {
    const scaling = fitPlatt(scores, [false, false, true, false, true, true, false, true]);
    expect(scaling.intercept).toBeCloseTo(-0.10988550388951795, 7);
    expect(scaling.slope).toBeCloseTo(0.47478133961410046, 7);
    expect(applyPlatt({ slope: 2, intercept: -1 }, 0.5)).toBe(0.5);
  });

  it('never says 0 or 1 of scores that separate perfectly', () => {
    const scaling = fitPlatt([-2, -1, 1, 2], [false, false, true, true]);
    expect(applyPlatt(scaling, 2)).toBeLessThan(0.9);
    expect(applyPlatt(scaling, -2)).toBeGreaterThan(0.1);
  });
});

describe('isotonic regression', () => {
  // Literals: scikit-learn 1.9.
  const fit = fitIsotonic([1, 2, 2, 3, 4, 5, 6, 7], [0, 1, 0, 1, 0, 1, 1, 0.9], [1, 1, 2, 1, 1, 1, 1, 3]);
  it.each([
    [0, 0],
    [2.5, 0.41666666666666663],
    [3.5, 0.5],
    [6.5, 0.94],
    [9, 0.94],
  ])('goes straight from knot to knot: f(%d) = %d', (score, value) => {
    expect(applyIsotonic(fit, score)).toBeCloseTo(value, 12);
  });

  it('takes steps where told', () => {
    expect(applyIsotonic(fit, 2.5, 'step')).toBeCloseTo(1 / 3, 12);
    expect(applyIsotonic(fit, 0, 'step')).toBe(0);
    expect(applyIsotonic(fit, 2, 'step')).toBeCloseTo(1 / 3, 12);
  });

  it('never falls, and keeps the mean of the outcomes', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 80 }), (rows) => {
        const model = fitIsotonic(
          rows.map(([x]) => x),
          rows.map(([, y]) => y),
        );
        const fitted = rows.map(([x]) => applyIsotonic(model, x));
        const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
        expect(sum(fitted)).toBeCloseTo(sum(rows.map(([, y]) => y)), 8);
        expect(model.values).toEqual(model.values.toSorted((a, b) => a - b));
      }),
      { seed: 8, numRuns: 100 },
    );
  });
});

describe('calibration error', () => {
  const stated = [0.1, 0.4, 0.35, 0.8, 0.8, 0.6, 0.5, 0.9, 0.2, 0.4];
  const came = [0, 0, 1, 1, 0, 1, 0, 1, 0, 1];
  it('has the usual scores', () => {
    expect(brierScore(stated, came)).toBeCloseTo(0.20925, 12);
    expect(logLoss(stated, came)).toBeCloseTo(0.5947357330842932, 12);
    expect(Number.isFinite(logLoss([1], [0]))).toBe(true);
  });

  it('bins by equal mass and sums what is left', () => {
    expect(reliabilityBins([0.4, 0.1, 0.2, 0.3], [1, 0, 0, 1], 2)).toEqual([
      { count: 2, stated: expect.closeTo(0.15, 12), observed: 0 },
      { count: 2, stated: expect.closeTo(0.35, 12), observed: 1 },
    ]);
    expect(expectedCalibrationError([0.4, 0.1, 0.2, 0.3], [1, 0, 0, 1], 2)).toBeCloseTo(0.4, 12);
    expect(expectedCalibrationError([], [])).toBeNaN();
  });

  it('never parts equal probabilities', () => {
    expect(reliabilityBins([0.7, 0.7, 0.7, 0.9], [1, 0, 1, 1], 4).map((bin) => bin.count)).toEqual([3, 1]);
    expect(reliabilityBins([0.7, 0.7, 0.7, 0.7], [1, 1, 0, 0], 10)).toEqual([
      { count: 4, stated: expect.closeTo(0.7, 12), observed: 0.5 },
    ]);
  });
});
