import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeededRandom } from '../../../src/statistics/random.ts';
import { drawPair, pairChances, withExploration } from '../../../src/statistics/response-pair.ts';
import { highestProbabilities, lowestProbabilities } from '../../../src/statistics/uniform-extremes.ts';

const value = fc.double({ min: -5, max: 5, noNaN: true });
const rewards = fc.array(
  fc.record({ mean: value, sd: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true })) }),
  { minLength: 2, maxLength: 12 },
);
const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

describe('the highest and the lowest of uniform numbers', () => {
  it('are as the integrals say', () => {
    // U(0, 1) is above U(0, 2) with 1/4: half of the time the other is above 1, else a coin decides.
    const [short, long] = highestProbabilities([
      { low: 0, high: 1 },
      { low: 0, high: 2 },
    ]);
    expect(short).toBeCloseTo(0.25, 12);
    expect(long).toBeCloseTo(0.75, 12);
    // The known number 1/2 is the highest of three when both others are below it: 1/2 x 1/4.
    const some = [
      { low: 0, high: 1 },
      { low: 0.5, high: 0.5 },
      { low: 0, high: 2 },
    ];
    expect(highestProbabilities(some)[1]).toBeCloseTo(0.125, 12);
    expect(lowestProbabilities(some)[1]).toBeCloseTo(0.375, 12);
  });

  it('leave it to the first, or the last, of equal known numbers', () => {
    const equal = [3, 3, 3].map((at) => ({ low: at, high: at }));
    expect(highestProbabilities(equal)).toEqual([1, 0, 0]);
    expect(lowestProbabilities(equal)).toEqual([0, 0, 1]);
  });

  it('have probabilities that sum to one, 64 of them too', () => {
    fc.assert(
      fc.property(rewards, (some) => {
        const bounds = some.map(({ mean, sd }) => ({ low: mean - sd, high: mean + sd }));
        expect(sum(highestProbabilities(bounds))).toBeCloseTo(1, 6);
        expect(sum(lowestProbabilities(bounds))).toBeCloseTo(1, 6);
      }),
    );
    const many = Array.from({ length: 64 }, (_, i) => ({
      low: Math.sin(i),
      high: Math.sin(i) + 1 + (i % 3),
    }));
    expect(sum(highestProbabilities(many))).toBeCloseTo(1, 12);
  });
});

describe('the pair that is worth comparing', () => {
  it('has by DeltaUCB the widest gap from an upper to a lower bound', () => {
    // Bounds -1..1, 0..4, 2.5..2.5 and -2..-1: the widest gap is from 4 down to -2.
    const some = [
      { mean: 0, sd: 1 },
      { mean: 2, sd: 2 },
      { mean: 2.5, sd: 0 },
      { mean: -1.5, sd: 0.5 },
    ];
    const taken = pairChances('deltaucb', some, 1).filter(({ probability }) => probability > 0);
    expect(taken).toEqual([{ pair: [1, 3], probability: 1 }]);
    // With bounds at a tenth of that the known 2.5 is the highest: 2.5 - -1.55 against 2.2 - -1.55.
    const narrow = pairChances('deltaucb', some, 0.1).filter(({ probability }) => probability > 0);
    expect(narrow).toEqual([{ pair: [2, 3], probability: 1 }]);
  });

  it('has by DRTS the probability of best in one draw and worst in another', () => {
    // U(0, 1), U(0, 1), 2: the known one is always the best, the others are the worst alike.
    const some = [
      { mean: 0.5, sd: 0.5 },
      { mean: 0.5, sd: 0.5 },
      { mean: 2, sd: 0 },
    ];
    const chances = pairChances('drts', some, 1);
    expect(chances.map(({ pair }) => pair)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    [0, 0.5, 0.5].forEach((p, i) => expect(chances[i]?.probability).toBeCloseTo(p, 12));
  });

  it('comes from DRTS as often as its procedure, done by draws, gives it', () => {
    const some = [
      { mean: 0, sd: 1 },
      { mean: 0.4, sd: 0.3 },
      { mean: 0.6, sd: 0 },
      { mean: -0.2, sd: 2 },
    ];
    const random = createSeededRandom(5);
    const draw = (): number[] => some.map(({ mean, sd }) => mean + 1.5 * sd * (2 * random.uniform() - 1));
    const counts = new Map<string, number>();
    const rounds = 40_000;
    for (let round = 0; round < rounds; round += 1) {
      const first = draw();
      const best = first.indexOf(Math.max(...first));
      let worst = best;
      while (worst === best) {
        const second = draw();
        worst = second.indexOf(Math.min(...second));
      }
      const key = [best, worst].toSorted().join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const { pair, probability } of pairChances('drts', some, 1.5)) {
      // Five standard errors of 40,000 draws.
      expect(Math.abs((counts.get(pair.join(' ')) ?? 0) / rounds - probability)).toBeLessThan(0.0125);
    }
  });

  it('is best against worst by either method when nothing is uncertain', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 12 }),
        fc.nat(99),
        (means, coin) => {
          const known = means.map((mean) => ({ mean, sd: 0 }));
          const ends = [means.indexOf(Math.max(...means)), means.indexOf(Math.min(...means))];
          for (const method of ['drts', 'deltaucb'] as const) {
            const { pair, probability } = drawPair(pairChances(method, known, 2), coin / 100);
            expect(pair).toEqual(ends.toSorted((one, other) => one - other));
            expect(probability).toBe(1);
          }
        },
      ),
    );
  });

  it('is two different responses, by probabilities that sum to one, whatever the rewards', () => {
    const methods = fc.constantFrom('drts', 'deltaucb', 'random');
    fc.assert(
      fc.property(methods, rewards, fc.nat(999), (method, some, coin) => {
        const chances = pairChances(method, some, 1);
        expect(chances).toHaveLength((some.length * (some.length - 1)) / 2);
        expect(sum(chances.map(({ probability }) => probability))).toBeCloseTo(1, 6);
        const { pair, probability } = drawPair(chances, coin / 1000);
        expect(pair[0]).toBeLessThan(pair[1]);
        expect(pair[1]).toBeLessThan(some.length);
        expect(probability).toBeGreaterThan(0);
        expect(probability).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is one of all pairs with exploration: a share of the prompts is drawn evenly', () => {
    const some = [
      { mean: 0, sd: 0 },
      { mean: 1, sd: 0 },
      { mean: 2, sd: 0 },
    ];
    const chances = withExploration(pairChances('deltaucb', some, 1), 0.3);
    [0.1, 0.8, 0.1].forEach((p, i) => expect(chances[i]?.probability).toBeCloseTo(p, 12));
    expect(drawPair(chances, 0.05).pair).toEqual([0, 1]);
    expect(drawPair(chances, 0.5).pair).toEqual([0, 2]);
    expect(drawPair(chances, 0.95).pair).toEqual([1, 2]);
  });
});
