import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coinOf, inclusionProbabilities } from '../../../src/statistics/inclusion.ts';
import { NearDuplicates, similarityOf, sketchOf } from '../../../src/statistics/min-hash.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';

describe('inclusion probabilities', () => {
  it('are in proportion to the weights where no end cuts them', () => {
    const [one, two, three] = inclusionProbabilities([1, 2, 3], 0.5);
    expect(one).toBeCloseTo(0.25, 12);
    expect(two).toBeCloseTo(0.5, 12);
    expect(three).toBeCloseTo(0.75, 12);
  });

  it('give what is cut at one to the others, and leave nobody below the least', () => {
    const [large, small, other] = inclusionProbabilities([100, 1, 1], 0.5);
    expect(large).toBe(1);
    expect(small).toBeCloseTo(0.25, 12);
    expect(other).toBeCloseTo(0.25, 12);
    expect(inclusionProbabilities([1, 0], 0.5)[1]).toBe(0.05);
    expect(inclusionProbabilities([0, 0, 0], 0.3)).toEqual([0.3, 0.3, 0.3]);
  });

  it('sum to the share, whatever the weights', () => {
    const weights = fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(weights, fc.double({ min: 0.06, max: 1, noNaN: true }), (some, share) => {
        const probabilities = inclusionProbabilities(some, share);
        expect(probabilities.every((p) => p >= 0.05 && p <= 1)).toBe(true);
        const sum = probabilities.reduce((total, p) => total + p, 0);
        expect(sum).toBeCloseTo(share * some.length, 6);
      }),
    );
  });

  it('make weighted means unbiased, though the draw prefers what is high', () => {
    const random = createSeededRandom(3);
    const values = Array.from({ length: 400 }, () => random.uniform());
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    const probabilities = inclusionProbabilities(values, 0.3);
    let weighted = 0;
    let plain = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const taken = probabilities.flatMap((p, i) => (coinOf(i, seed) < p ? [i] : []));
      const of = (i: number): number => values[i] ?? 0;
      weighted += taken.reduce((sum, i) => sum + of(i) / (probabilities[i] ?? 1), 0) / values.length / 200;
      plain += taken.reduce((sum, i) => sum + of(i), 0) / taken.length / 200;
    }
    expect(Math.abs(weighted - mean)).toBeLessThan(0.01);
    expect(plain - mean).toBeGreaterThan(0.1);
  });
});

describe('coins', () => {
  it('are the same for a seed, even, and others for another seed', () => {
    const coins = Array.from({ length: 4000 }, (_, i) => coinOf(i, 7));
    expect(coins[5]).toBe(coinOf(5, 7));
    expect(coins[5]).not.toBe(coinOf(5, 8));
    const mean = coins.reduce((sum, coin) => sum + coin, 0) / coins.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(coins.filter((coin) => coin < 0.1).length / coins.length).toBeCloseTo(0.1, 1);
  });
});

const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `word${from + i}`).join(' ');

describe('near-duplicates', () => {
  it('estimate the overlap of five-word shingles', () => {
    expect(
      similarityOf(sketchOf('One two THREE, four five six'), sketchOf('one  two three four\nfive six')),
    ).toBe(1);
    expect(similarityOf(sketchOf(words(0, 100)), sketchOf(words(500, 100)))).toBe(0);
    // 104 words each with 54 in common: 50 shingles of 150.
    const third = similarityOf(sketchOf(words(0, 104)), sketchOf(words(50, 104)));
    expect(third).toBeGreaterThan(1 / 3 - 0.17);
    expect(third).toBeLessThan(1 / 3 + 0.17);
  });

  it('are found with the first text that they are near to', () => {
    const seen = new NearDuplicates(0.8);
    expect(seen.add(sketchOf(words(0, 200)))).toBeNull();
    expect(seen.add(sketchOf(words(1000, 200)))).toBeNull();
    expect(seen.add(sketchOf(`${words(0, 199)} changed`))).toBe(0);
    expect(seen.add(sketchOf(`${words(1000, 200)} and more`))).toBe(1);
    expect(seen.add(sketchOf(words(100, 200)))).toBeNull();
  });

  it('compare texts shorter than a shingle, and without any letter', () => {
    const seen = new NearDuplicates(1);
    expect(seen.add(sketchOf('yes'))).toBeNull();
    expect(seen.add(sketchOf('no'))).toBeNull();
    expect(seen.add(sketchOf('Yes!'))).toBe(0);
    expect(seen.add(sketchOf('…'))).toBeNull();
    expect(seen.add(sketchOf(''))).toBeNull();
  });
});
