import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agreement,
  cohenKappa,
  confusionMatrix,
  flipRate,
  mcnemar,
} from '../../../src/statistics/agreement.ts';
import { auroc, kendallTau, midranks, spearman } from '../../../src/statistics/ranking.ts';
import {
  areaUnderRiskCoverage,
  averageGapRecovered,
  callShareFor,
  gapRecovered,
  riskCoverage,
  routingCurve,
} from '../../../src/statistics/selective.ts';

/** Two columns of labels with the given confusion counts. */
function columns(counts: number[][]): { first: string[]; second: string[] } {
  const cells = counts.flatMap((row, i) => row.flatMap((n, j) => Array.from({ length: n }, () => [i, j])));
  return { first: cells.map(([i]) => 'abc'[i!]!), second: cells.map(([, j]) => 'abc'[j!]!) };
}

describe('agreement', () => {
  const { first, second } = columns([
    [20, 5, 1],
    [10, 15, 2],
    [3, 4, 12],
  ]);

  it('counts every pair of labels', () => {
    expect(confusionMatrix(first, second)).toEqual({
      labels: ['a', 'b', 'c'],
      counts: [
        [20, 5, 1],
        [10, 15, 2],
        [3, 4, 12],
      ],
    });
    expect(agreement(first, second).estimate).toBeCloseTo(47 / 72, 12);
    expect(flipRate(first, second).estimate).toBeCloseTo(25 / 72, 12);
  });

  it('has kappa with its interval (statsmodels 0.15)', () => {
    const kappa = cohenKappa(first, second);
    expect(kappa.estimate).toBeCloseTo(0.4694960212201592, 12);
    expect(kappa.low).toBeCloseTo(0.30097827830698615, 10);
    expect(kappa.high).toBeCloseTo(0.6380137641333323, 10);
  });

  it('compares two judges by McNemar', () => {
    const rights = (yes: number, no: number): boolean[] =>
      Array.from({ length: yes + no + 5 }, (_, i) => i < yes || i >= yes + no);
    const result = mcnemar(
      rights(16, 9),
      rights(16, 9).map((right, i) => (i < 25 ? !right : right)),
    );
    expect(result).toEqual({ onlyFirst: 16, onlySecond: 9, pValue: expect.closeTo(0.2295229434967041, 12) });
    expect(mcnemar([true, true], [true, true]).pValue).toBe(1);
    expect(mcnemar([true, false, false], [false, true, true]).pValue).toBe(1);
  });
});

describe('ranking', () => {
  const scores = [0.1, 0.4, 0.35, 0.8, 0.8, 0.6, 0.5, 0.9, 0.2, 0.4];
  const positive = [0, 0, 1, 1, 0, 1, 0, 1, 0, 1].map((label) => label === 1);

  it('has the area under the curve with DeLong standard error (numpy)', () => {
    const area = auroc(scores, positive);
    expect(area.estimate).toBeCloseTo(0.72, 12);
    expect(area.standardError).toBeCloseTo(0.17549928774784243, 12);
    expect(area.low).toBeCloseTo(0.37602771680563, 9);
    expect(area).toMatchObject({ high: 1, positives: 5, negatives: 5 });
    expect(auroc([1, 2], [true, true]).estimate).toBeNaN();
  });

  it('agrees with comparing every pair', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(row, { minLength: 4, maxLength: 40 }), (rows) => {
        const yes = rows.filter(([, label]) => label).map(([score]) => score);
        const no = rows.filter(([, label]) => !label).map(([score]) => score);
        fc.pre(yes.length > 0 && no.length > 0);
        const pairs = yes.flatMap((a) => no.map((b): number => (a > b ? 1 : a === b ? 0.5 : 0)));
        const expected = pairs.reduce((a, b) => a + b, 0) / pairs.length;
        expect(
          auroc(
            rows.map(([s]) => s),
            rows.map(([, l]) => l),
          ).estimate,
        ).toBeCloseTo(expected, 10);
      }),
      { seed: 9, numRuns: 100 },
    );
  });

  it('has rank correlations with ties (scipy 1.17)', () => {
    const x = [1, 2, 2, 3, 4, 4, 4, 5, 6, 7];
    const y = [2, 1, 2, 2, 5, 3, 5, 4, 7, 7];
    expect(kendallTau(x, y)).toBeCloseTo(0.7654904374034319, 12);
    expect(spearman(x, y)).toBeCloseTo(0.8902865060715465, 12);
    expect(kendallTau([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(spearman([1, 2, 3], [5, 5, 5])).toBeNaN();
    expect(midranks([30, 10, 20, 20])).toEqual([4, 1, 2.5, 2.5]);
  });
});

describe('routing', () => {
  // Strong is right on all four, weak on two; the two that need help come first, then the tied rest.
  const items = [
    { need: 0.9, weak: 0, strong: 1 },
    { need: 0.7, weak: 0, strong: 1 },
    { need: 0.1, weak: 1, strong: 1 },
    { need: 0.1, weak: 1, strong: 1 },
  ];

  it('recovers the gap as RouteLLM measures it', () => {
    const curve = routingCurve(items);
    expect(curve).toEqual([
      { strongShare: 0, quality: 0.5, recovered: 0 },
      { strongShare: 0.25, quality: 0.75, recovered: 0.5 },
      { strongShare: 0.5, quality: 1, recovered: 1 },
      { strongShare: 1, quality: 1, recovered: 1 },
    ]);
    expect(averageGapRecovered(curve)).toBe(0.75);
    expect(callShareFor(curve, 0.5)).toBe(0.25);
    expect(callShareFor(curve, 0.8)).toBeCloseTo(0.4, 12);
    expect(callShareFor(curve, 1.1)).toBeUndefined();
    expect(gapRecovered(0.7, 0.5, 0.9)).toBeCloseTo(0.5, 12);
    expect(gapRecovered(0.7, 0.5, 0.5)).toBeNaN();
  });

  it('gives a router without an opinion the straight line', () => {
    expect(averageGapRecovered(routingCurve(items.map((item) => ({ ...item, need: 1 }))))).toBe(0.5);
  });

  it('draws risk against coverage, ties together', () => {
    expect(riskCoverage([0.6, 0.9, 0.6, 0.8], [1, 0, 0, 1])).toEqual([
      { threshold: 0.9, coverage: 0.25, selectiveRisk: 0, marginalRisk: 0 },
      { threshold: 0.8, coverage: 0.5, selectiveRisk: 0.5, marginalRisk: 0.25 },
      { threshold: 0.6, coverage: 1, selectiveRisk: 0.5, marginalRisk: 0.5 },
    ]);
    // Risks 0, 1/2, 1.5/3 and 2/4 at the four coverages.
    expect(areaUnderRiskCoverage([0.6, 0.9, 0.6, 0.8], [1, 0, 0, 1])).toBeCloseTo(0.375, 12);
    expect(areaUnderRiskCoverage([0.9, 0.6, 0.6, 0.8], [0, 0, 1, 1])).toBeCloseTo(0.375, 12);
  });
});
