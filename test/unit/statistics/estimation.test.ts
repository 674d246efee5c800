import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from '../../../src/statistics/bootstrap.ts';
import {
  inclusionWeightedMean,
  poweredMean,
  stratifiedPoweredMean,
} from '../../../src/statistics/prediction-powered.ts';
import { kolmogorovSmirnov, populationStabilityIndex, quantiles } from '../../../src/statistics/quantile.ts';
import { createSeededRandom, sampleWithReplacement, shuffle } from '../../../src/statistics/random.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('seeded randomness', () => {
  it('repeats itself, and differs by seed', () => {
    const draw = (seed: number): number[] => {
      const random = createSeededRandom(seed);
      return Array.from({ length: 5 }, () => random.uniform());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('is uniform and normal to within chance', () => {
    const random = createSeededRandom(42);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 100_000; i += 1) counts[random.integer(10)]! += 1;
    // Chi square with 9 degrees of freedom: 27.9 is its .999 quantile.
    expect(counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
    const normal = Array.from({ length: 100_000 }, () => random.normal());
    expect(Math.abs(mean(normal))).toBeLessThan(0.012);
    expect(Math.abs(mean(normal.map((z) => z * z)) - 1)).toBeLessThan(0.018);
  });

  it('shuffles into every order alike and loses nothing', () => {
    const random = createSeededRandom(3);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i += 1) {
      const order = shuffle(['a', 'b', 'c'], random).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect([...seen.keys()].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(110);
    expect(new Set(sampleWithReplacement(['x', 'y'], 50, random))).toEqual(new Set(['x', 'y']));
    expect(() => sampleWithReplacement([], 1, random)).toThrow('nothing to draw');
  });
});

describe('bootstrap', () => {
  const random = createSeededRandom(11);
  const values = Array.from({ length: 200 }, () => random.normal());
  const single = values.map((value) => [value]);

  it.each(['percentile', 'bca'] as const)('is about as wide as theory says (%s)', (method) => {
    const { estimate, low, high } = bootstrapInterval(single, mean, { seed: 1, replicates: 4000, method });
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - estimate) ** 2, 0) / 200);
    const width = (2 * 1.96 * deviation) / Math.sqrt(200);
    expect(estimate).toBeCloseTo(mean(values), 12);
    expect((high - low) / width).toBeGreaterThan(0.93);
    expect((high - low) / width).toBeLessThan(1.07);
  });

  it('is not fooled by repeated rows of one prompt', () => {
    const once = bootstrapInterval(single, mean, { seed: 1 });
    const ninefold = bootstrapInterval(
      single.map(([x]) => Array.from({ length: 9 }, () => x!)),
      mean,
      { seed: 1 },
    );
    expect(ninefold.low).toBeCloseTo(once.low, 10);
    expect(ninefold.high).toBeCloseTo(once.high, 10);
  });

  it('leans to the long side of a skewed statistic with bca', () => {
    const skewed = values.slice(0, 40).map((value) => [Math.exp(value)]);
    const plain = bootstrapInterval(skewed, mean, { seed: 2, replicates: 4000 });
    const corrected = bootstrapInterval(skewed, mean, { seed: 2, replicates: 4000, method: 'bca' });
    expect(corrected.low).toBeGreaterThan(plain.low);
    expect(corrected.high).toBeGreaterThan(plain.high);
  });

  it('leaves out resamples without an answer and says how many', () => {
    const onlyOne = (rows: readonly number[]): number => (rows.includes(1) ? 1 : Number.NaN);
    const result = bootstrapInterval([[1], [2], [3]], onlyOne, { seed: 4, replicates: 1000 });
    // (2/3)^3 of the resamples miss the 1.
    expect(result.undefinedReplicates).toBeGreaterThan(240);
    expect(result.undefinedReplicates).toBeLessThan(350);
    expect(result).toMatchObject({ estimate: 1, low: 1, high: 1 });
    expect(() => bootstrapInterval([[1]], mean, { seed: 1, replicates: 1e6 })).toThrow(RangeError);
  });
});

describe('prediction-powered means', () => {
  const truth = [1, 0, 1, 1, 0, 1, 1, 1];
  const proxy = [0.9, 0.2, 0.8, 0.6, 0.4, 0.7, 0.9, 0.5];
  const unlabelledProxy = [0.8, 0.3, 0.6, 0.9, 0.7, 0.4, 0.5, 0.95, 0.85, 0.1, 0.65, 0.75];

  it('follows the formulas (numpy), whatever the scale of the proxy', () => {
    const plain = poweredMean({ truth, proxy, unlabelledProxy });
    expect(plain.lambda).toBeCloseTo(0.9066992964209238, 12);
    expect(plain.estimate).toBeCloseTo(0.75, 12);
    expect(plain.standardError).toBeCloseTo(0.12917187559798524, 12);
    const twice = (values: number[]): number[] => values.map((value) => 2 * value);
    const scaled = poweredMean({ truth, proxy: twice(proxy), unlabelledProxy: twice(unlabelledProxy) });
    expect(scaled.lambda).toBeCloseTo(0.4533496482104619, 12);
    expect(scaled.standardError).toBeCloseTo(0.12917187559798524, 12);
  });

  it('is the plain mean for a proxy that never varies or none', () => {
    const constant = poweredMean({ truth, proxy: proxy.map(() => 1), unlabelledProxy: [1, 1, 1] });
    expect(constant).toMatchObject({ lambda: 0, estimate: 0.75 });
    expect(poweredMean({ truth, proxy, unlabelledProxy: [] }).standardError).toBeCloseTo(
      0.16366341767699427,
      12,
    );
    expect(() => poweredMean({ truth: [1], proxy: [1], unlabelledProxy: [] })).toThrow('at least 2');
  });

  it('covers the truth as often as it says, and more narrowly than the labels alone', () => {
    const random = createSeededRandom(20);
    let covered = 0;
    let narrower = 0;
    for (let run = 0; run < 400; run += 1) {
      const rows = Array.from({ length: 1000 }, () => {
        const y = random.uniform() < 0.7 ? 1 : 0;
        return { y, f: random.uniform() < 0.9 ? y : 1 - y };
      });
      const labelled = rows.slice(0, 100);
      const sample = {
        truth: labelled.map((row) => row.y),
        proxy: labelled.map((row) => row.f),
        unlabelledProxy: rows.slice(100).map((row) => row.f),
      };
      const powered = poweredMean(sample, 0.9);
      const alone = poweredMean({ ...sample, unlabelledProxy: [] }, 0.9);
      if (powered.low <= 0.7 && 0.7 <= powered.high) covered += 1;
      if (powered.standardError < 0.8 * alone.standardError) narrower += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.85);
    expect(covered / 400).toBeLessThan(0.95);
    expect(narrower / 400).toBeGreaterThan(0.9);
  });

  it('adds strata by their shares', () => {
    const sample = { truth, proxy, unlabelledProxy };
    const half = { weight: 0.5, sample };
    const both = stratifiedPoweredMean([half, half]);
    expect(both.estimate).toBeCloseTo(0.75, 12);
    expect(both.standardError).toBeCloseTo(0.12917187559798524 / Math.SQRT2, 12);
    expect(() => stratifiedPoweredMean([half])).toThrow('sum to 0.5');
  });

  it('is unbiased when hard items are labelled more often', () => {
    const random = createSeededRandom(21);
    const estimates = Array.from({ length: 300 }, () =>
      inclusionWeightedMean(
        Array.from({ length: 300 }, () => {
          const hard = random.uniform() < 0.5;
          const y = random.uniform() < (hard ? 0.4 : 0.9) ? 1 : 0;
          const inclusion = hard ? 0.5 : 0.1;
          return { proxy: 0.8, truth: random.uniform() < inclusion ? y : undefined, inclusion };
        }),
      ),
    );
    expect(Math.abs(mean(estimates.map((e) => e.estimate)) - 0.65)).toBeLessThan(0.01);
    const covered = estimates.filter((e) => e.low <= 0.65 && 0.65 <= e.high).length;
    expect(covered).toBeGreaterThan(270);
    expect(() =>
      inclusionWeightedMean([
        { proxy: 1, inclusion: 0 },
        { proxy: 1, inclusion: 1 },
      ]),
    ).toThrow('(0, 1]');
  });
});

describe('quantiles and distances (scipy 1.17, numpy)', () => {
  it('has linear quantiles', () => {
    expect(quantiles([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.1, 0.5, 0.9, 1])).toEqual([
      1,
      1,
      3.5,
      expect.closeTo(6.9, 12),
      9,
    ]);
    expect(quantiles([], [0.5])).toEqual([Number.NaN]);
  });

  it('has the distance of Kolmogorov and Smirnov', () => {
    expect(kolmogorovSmirnov([1, 2, 2, 3, 5, 8], [2, 3, 4, 4, 6, 7, 9])).toBeCloseTo(0.38095238095238093, 12);
    expect(kolmogorovSmirnov([1, 2], [3, 4])).toBe(1);
    expect(kolmogorovSmirnov([], [1])).toBeNaN();
  });

  it('has the population stability index', () => {
    const reference = Array.from({ length: 100 }, (_, i) => i / 100);
    const current = reference.map((x) => x * x);
    expect(populationStabilityIndex(reference, reference)).toBe(0);
    expect(populationStabilityIndex(reference, current, 5)).toBeCloseTo(0.31161775539982806, 10);
    expect(Number.isFinite(populationStabilityIndex([1, 1, 1], [2, 2, 2]))).toBe(true);
  });
});
