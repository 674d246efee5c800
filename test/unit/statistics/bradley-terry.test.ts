import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Comparison,
  fitBradleyTerry,
  gapVariance,
  orderCertainty,
} from '../../../src/statistics/bradley-terry.ts';
import {
  allPairs,
  choosePairs,
  circularPairs,
  expectedOrder,
  isConnected,
} from '../../../src/statistics/pair-choice.ts';
import { kendallTau } from '../../../src/statistics/ranking.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Comparisons among up to seven players. */
const tournament = fc.integer({ min: 2, max: 7 }).chain((size) =>
  fc.tuple(
    fc.constant(size),
    fc.array(
      fc
        .tuple(fc.nat(size - 1), fc.nat(size - 1), share)
        .filter(([first, second]) => first !== second)
        .map(([first, second, win]): Comparison => ({ first, second, win })),
      { maxLength: 30 },
    ),
  ),
);

const pairsOf = (comparisons: readonly Comparison[]) =>
  comparisons.map(({ first, second }) => [first, second] as const);

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

describe('a Bradley-Terry fit', () => {
  it('is where the slope of the posterior is 0, and centred', () => {
    fc.assert(
      fc.property(tournament, ([size, comparisons]) => {
        const { strengths } = fitBradleyTerry(size, comparisons);
        expect(strengths.reduce((sum, strength) => sum + strength, 0)).toBeCloseTo(0, 9);
        const slope = strengths.map((strength) => -strength / 9);
        for (const { first, second, win } of comparisons) {
          const surprise = win - sigmoid((strengths[first] ?? 0) - (strengths[second] ?? 0));
          slope[first] = (slope[first] ?? 0) + surprise;
          slope[second] = (slope[second] ?? 0) - surprise;
        }
        for (const value of slope) expect(Math.abs(value)).toBeLessThan(1e-4);
      }),
    );
  });

  it('is turned round with its comparisons, and its uncertainty stays', () => {
    fc.assert(
      fc.property(tournament, ([size, comparisons]) => {
        const one = fitBradleyTerry(size, comparisons);
        const turned = fitBradleyTerry(
          size,
          comparisons.map(({ first, second, win }) => ({ first: second, second: first, win })),
        );
        for (const [player, strength] of one.strengths.entries()) {
          expect(turned.strengths[player]).toBeCloseTo(-strength, 5);
          expect(gapVariance(turned, 0, player)).toBeCloseTo(gapVariance(one, 0, player), 4);
        }
      }),
    );
  });

  it('has, for two players with w wins in n games, the odds of the wins less a little for the prior', () => {
    const games = Array.from({ length: 400 }, (_, n) => ({ first: 0, second: 1, win: n < 300 ? 1 : 0 }));
    const fit = fitBradleyTerry(2, games);
    expect((fit.strengths[0] ?? 0) - (fit.strengths[1] ?? 0)).toBeCloseTo(Math.log(3), 2);
    // The variance of a log-odds is 1 / (n p (1 - p)).
    expect(Math.sqrt(gapVariance(fit, 0, 1))).toBeCloseTo(Math.sqrt(1 / (400 * 0.75 * 0.25)), 2);
    expect(orderCertainty(fit, 0, 1)).toBeGreaterThan(0.999);
  });

  it('stays finite for who won everything, and knows nothing of who was never compared', () => {
    const fit = fitBradleyTerry(
      3,
      Array.from({ length: 20 }, () => ({ first: 0, second: 1, win: 1 })),
    );
    expect(fit.strengths[0]).toBeGreaterThan(1);
    expect(fit.strengths.every(Number.isFinite)).toBe(true);
    expect(gapVariance(fit, 0, 2)).toBeGreaterThan(gapVariance(fit, 0, 1));
    expect(orderCertainty(fitBradleyTerry(2, []), 0, 1)).toBe(0.5);
  });

  it('tells the truth about its own uncertainty: the planted gap lies within 1.64 deviations in some 90 %', () => {
    let within = 0;
    let all = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const random = createSeededRandom(seed);
      const truth = Array.from({ length: 6 }, () => random.normal());
      const games = allPairs(6).flatMap(([first, second]) =>
        Array.from({ length: 30 }, () => {
          const p = sigmoid((truth[first] ?? 0) - (truth[second] ?? 0));
          return { first, second, win: random.uniform() < p ? 1 : 0 };
        }),
      );
      const fit = fitBradleyTerry(6, games);
      for (const [one, other] of allPairs(6)) {
        const gap = (fit.strengths[one] ?? 0) - (fit.strengths[other] ?? 0);
        const error = gap - ((truth[one] ?? 0) - (truth[other] ?? 0));
        all += 1;
        if (Math.abs(error) < 1.645 * Math.sqrt(gapVariance(fit, one, other))) within += 1;
      }
    }
    expect(within / all).toBeGreaterThan(0.84);
    expect(within / all).toBeLessThan(0.96);
  });
});

describe('choosing pairs', () => {
  it('never asks a known pair again, nor a player twice in one round', () => {
    fc.assert(
      fc.property(tournament, fc.integer({ min: 1, max: 8 }), ([size, comparisons], count) => {
        const fit = fitBradleyTerry(size, comparisons);
        const known = new Set(
          comparisons.map(({ first, second }) => Math.min(first, second) * size + Math.max(first, second)),
        );
        const linked = pairsOf(comparisons);
        const chosen = choosePairs(fit, { known, linked }, count);
        const players = chosen.flat();
        expect(new Set(players).size).toBe(players.length);
        expect(chosen.length).toBeLessThanOrEqual(count);
        for (const [one, other] of chosen) {
          expect(one).toBeLessThan(other);
          expect(known.has(one * size + other)).toBe(false);
        }
        expect(chosen.length === 0).toBe(known.size === (size * (size - 1)) / 2);
      }),
    );
  });

  it('needs at most half of all pairs for Kendall tau .9 among 16, where all pairs reach .95', () => {
    let tau = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const random = createSeededRandom(seed);
      const truth = Array.from({ length: 16 }, () => random.normal());
      const said = new Map(
        allPairs(16).map(([one, other]) => [
          one * 16 + other,
          sigmoid(3 * ((truth[one] ?? 0) - (truth[other] ?? 0)) + 0.6 * random.normal()),
        ]),
      );
      const known = new Set<number>();
      const comparisons: Comparison[] = [];
      let fit = fitBradleyTerry(16, []);
      while (comparisons.length < 60) {
        for (const [first, second] of choosePairs(
          fit,
          { known, linked: pairsOf(comparisons) },
          Math.min(8, 60 - comparisons.length),
        )) {
          known.add(first * 16 + second);
          comparisons.push({ first, second, win: said.get(first * 16 + second) ?? 0.5 });
        }
        fit = fitBradleyTerry(16, comparisons, fit.strengths);
      }
      expect(expectedOrder(fit)).toBeGreaterThan(0.8);
      tau += kendallTau(fit.strengths, truth) / 20;
    }
    expect(tau).toBeGreaterThan(0.9);
  });

  it('links everybody with one comparison less than there are players', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        share,
        (size, round, win) => {
          const known = new Set<number>();
          const comparisons: Comparison[] = [];
          while (comparisons.length < size - 1) {
            const fit = fitBradleyTerry(size, comparisons);
            const most = Math.min(round, size - 1 - comparisons.length);
            for (const [first, second] of choosePairs(fit, { known, linked: pairsOf(comparisons) }, most)) {
              known.add(first * size + second);
              comparisons.push({ first, second, win });
            }
          }
          expect(isConnected(size, pairsOf(comparisons))).toBe(true);
        },
      ),
    );
  });

  it('counts pairs: all of them, and a circle that links everybody', () => {
    expect(allPairs(4)).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3],
    ]);
    expect(circularPairs(4)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ]);
    expect(circularPairs(2)).toEqual([[0, 1]]);
    expect(isConnected(4, circularPairs(4).slice(0, 3))).toBe(true);
    expect(
      isConnected(4, [
        [0, 1],
        [2, 3],
      ]),
    ).toBe(false);
  });
});
