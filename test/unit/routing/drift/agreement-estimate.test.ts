import { describe, expect, it } from 'vitest';
import { estimateAgreement } from '../../../../src/routing/drift/agreement-estimate.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';

/** People agree with the label in `share` of the cases; the reference judge says so in 90 % of all cases. */
function verdicts(seed: number, n: number, goldShare: number, share = 0.8) {
  const { uniform } = createSeededRandom(seed);
  return Array.from({ length: n }, () => {
    const agrees = uniform() < share;
    const proxy = uniform() < 0.9 ? agrees : !agrees;
    return { proxy: proxy ? 1 : 0, agrees: uniform() < goldShare ? agrees : null };
  });
}

describe('agreement estimate', () => {
  it('says how many gold labels are missing', () => {
    const items = Array.from({ length: 49 }, () => ({ proxy: 1, agrees: true }));
    expect(estimateAgreement(items)).toEqual({ known: false, gold: 49, needed: 50 });
  });

  it('covers the truth nearly as often as it says, on an interval worth more gold labels than there are', () => {
    let covered = 0;
    let worth = 0;
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const estimate = estimateAgreement(verdicts(seed, 1_000, 0.2), 0.9);
      if (!estimate.known) throw new Error('not known');
      if (estimate.low <= 0.8 && estimate.high >= 0.8) covered += 1;
      worth += estimate.worthGold / estimate.gold / 1_500;
    }
    // 90 % but for chance (a standard error of .8 %) and the skew of 200 true values.
    expect(covered / 1_500).toBeGreaterThan(0.87);
    expect(covered / 1_500).toBeLessThan(0.93);
    expect(worth).toBeGreaterThan(1.4);
  });

  it.each([0.7, 0.8, 0.9])(
    'is not too narrow with few gold labels and a skewed share, such as %s',
    (share) => {
      const runs = 1_500;
      let covered = 0;
      for (let seed = 1; seed <= runs; seed += 1) {
        const estimate = estimateAgreement(verdicts(seed, 1_000, 0.06, share), 0.9);
        if (!estimate.known || (estimate.low <= share && estimate.high >= share)) covered += 1;
      }
      // A normal interval covers .84 of the time at a share of .9.
      expect(covered / runs).toBeGreaterThan(0.88);
    },
  );

  it('is not certain because no gold label disagreed', () => {
    const items = Array.from({ length: 60 }, () => ({ proxy: 1, agrees: true }));
    const estimate = estimateAgreement(items);
    // Wilson's interval for 60 of 60: z^2 / (60 + z^2) is missing from 1.
    expect(estimate.known && estimate.low).toBeCloseTo(60 / (60 + 1.959964 ** 2), 5);
  });

  it('uses the probabilities with which people were asked', () => {
    const { uniform } = createSeededRandom(8);
    // Asked four times as often where the label is wrong: the plain share of gold labels would be far off.
    const items = Array.from({ length: 4_000 }, () => {
      const agrees = uniform() < 0.8;
      const inclusion = agrees ? 0.1 : 0.4;
      return { proxy: 0.5, agrees: uniform() < inclusion ? agrees : null, inclusion };
    });
    const estimate = estimateAgreement(items);
    expect(estimate.known && Math.abs(estimate.estimate - 0.8)).toBeLessThan(0.05);
  });
});
