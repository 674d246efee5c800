import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCorrectness } from '../../../../src/caching/semantic/correctness.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';

const FLOOR = 0.9;

describe('how far a stored label may be trusted', () => {
  it('is not at all before six items were judged anew', () => {
    const entry = createCorrectness(FLOOR);
    for (let i = 0; i < 5; i += 1) entry.saw(0.99, true);
    expect(entry.exploreShare(1, 0.05)).toBe(1);
    entry.saw(0.99, true);
    expect(entry.exploreShare(0.99, 0.05)).toBeLessThan(1);
    expect(entry.observations).toBe(6);
  });

  it('grows with what agrees, down to the least share, and falls with what does not', () => {
    const entry = createCorrectness(FLOOR);
    const shares = [6, 25, 50, 100, 400].map((wanted) => {
      while (entry.observations < wanted) entry.saw(0.99, true);
      return entry.exploreShare(0.99, 0.05);
    });
    expect(shares).toEqual(shares.toSorted((x, y) => y - x));
    expect(shares[0]).toBeGreaterThan(0.8);
    expect(shares.at(-1)).toBe(0.02);
    for (let i = 0; i < 60; i += 1) entry.saw(0.99, false);
    expect(entry.exploreShare(0.99, 0.05)).toBeGreaterThan(0.5);
  });

  it('is never larger for items that are less similar', () => {
    const seen = fc.array(fc.tuple(fc.double({ min: 0.9, max: 1, noNaN: true }), fc.boolean()), {
      minLength: 6,
      maxLength: 60,
    });
    fc.assert(
      fc.property(seen, fc.double({ min: 0.001, max: 0.2, noNaN: true }), (observations, maxError) => {
        const entry = createCorrectness(FLOOR);
        for (const [similarity, isCorrect] of observations) entry.saw(similarity, isCorrect);
        const shares = [0.9, 0.93, 0.96, 1].map((similarity) => entry.exploreShare(similarity, maxError));
        for (const [i, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0.02);
          expect(share).toBeLessThanOrEqual(1);
          expect(share).toBeLessThanOrEqual((shares[i - 1] ?? 1) + 1e-9);
        }
      }),
      { numRuns: 50 },
    );
  });

  /** Share of items that got a wrong label, and that got one, over entries whose truth is planted. */
  function traffic(maxError: number, seed: number, truth: (entry: number, similarity: number) => number) {
    const random = createSeededRandom(seed);
    let [items, given, wrong] = [0, 0, 0];
    for (let e = 0; e < 40; e += 1) {
      const entry = createCorrectness(FLOOR);
      for (let i = 0; i < 200; i += 1) {
        const similarity = FLOOR + (1 - FLOOR) * random.uniform();
        const isCorrect = random.uniform() < truth(e, similarity);
        items += 1;
        if (random.uniform() < entry.exploreShare(similarity, maxError)) {
          entry.saw(similarity, isCorrect);
        } else {
          given += 1;
          wrong += Number(!isCorrect);
        }
      }
    }
    return { wrong: wrong / items, given: given / items };
  }

  const logistic = (x: number) => 1 / (1 + Math.exp(-x));
  const steep = [4, 10, 40, 200];
  it.each([
    [
      'thresholds that differ from entry to entry',
      (e: number, s: number) => logistic((steep[e % 4] ?? 4) * 10 * (s - 0.9 - (e % 7) / 60)),
    ],
    ['labels that are right at a constant share', (e: number) => [0.5, 0.8, 0.9, 0.95, 0.99][e % 5] ?? 0],
    ['labels that turn over at a sharp edge', (e: number, s: number) => (s > 0.9 + (e % 10) / 100 ? 1 : 0)],
  ])('keeps wrongly given labels within the error allowed: %s', (_, truth) => {
    for (const maxError of [0.02, 0.05, 0.1]) {
      const { wrong, given } = traffic(maxError, 1, truth);
      // 8,000 items: 3 standard deviations of a share of maxError are at most .0101.
      expect(wrong).toBeLessThanOrEqual(maxError + 3 * Math.sqrt((maxError * (1 - maxError)) / 8_000));
      expect(given).toBeGreaterThan(0.02);
    }
  });
});
