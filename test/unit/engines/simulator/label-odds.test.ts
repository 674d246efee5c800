import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toyOpinion } from '../../../../src/engines/simulator/label-odds.ts';

const judge = {
  seed: 'one',
  sharpness: 2,
  noise: 1,
  positionBias: 0,
  labelMass: 0.9,
  preferences: [],
};

function oddsOf(settings: Partial<Parameters<typeof toyOpinion>[0]>, first: string, second: string) {
  const answer = toyOpinion({ ...judge, ...settings })({ prompt: 'p', first, second });
  if (!answer.ok) throw new Error(answer.message);
  return answer.odds;
}

function logOdds({ first, second }: { first: number; second: number }): number {
  return Math.log(first / second);
}

const pair = fc.tuple(fc.string(), fc.string());

describe('the toy judge', () => {
  it('turns its opinion round with the order, but for the position bias', () => {
    fc.assert(
      fc.property(pair, fc.double({ min: -2, max: 2, noNaN: true }), ([x, y], positionBias) => {
        const one = logOdds(oddsOf({ positionBias }, x, y));
        const other = logOdds(oddsOf({ positionBias }, y, x));
        expect(one + other).toBeCloseTo(2 * positionBias, 8);
      }),
    );
  });

  it('shares one between first, second and tie', () => {
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const { first, second, tie, mass } = oddsOf({}, x, y);
        expect(first + second + tie).toBeCloseTo(1, 12);
        expect(Math.min(first, second, tie)).toBeGreaterThan(0);
        expect(mass).toBe(0.9);
      }),
    );
  });

  it('has the spread that sharpness and noise say', () => {
    const values = Array.from({ length: 2000 }, (_, index) => logOdds(oddsOf({}, `x${index}`, `y${index}`)));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Two standard normal qualities at sharpness 2 and one noise at 1: 4 + 4 + 1.
    expect(mean).toBeGreaterThan(-0.25);
    expect(mean).toBeLessThan(0.25);
    expect(Math.sqrt(variance)).toBeGreaterThan(2.8);
    expect(Math.sqrt(variance)).toBeLessThan(3.2);
  });

  it('shares qualities, not noise, between seeds', () => {
    const quiet = (seed: string) => logOdds(oddsOf({ seed, noise: 0 }, 'x', 'y'));
    const noisy = (seed: string) => logOdds(oddsOf({ seed, noise: 1 }, 'x', 'y'));
    expect(quiet('one')).toBe(quiet('two'));
    expect(noisy('one')).not.toBeCloseTo(noisy('two'), 3);
  });

  it('knows planted pairs in both orders', () => {
    const preferences = [
      { candidates: ['good', 'bad'], better: 'a' },
      { candidates: ['worse', 'best'], better: 'b' },
      { candidates: ['same', 'equal'], better: 'tie' },
    ] as const;
    const of = (x: string, y: string) => logOdds(oddsOf({ preferences, noise: 0 }, x, y));
    expect(of('good', 'bad')).toBeCloseTo(4, 9);
    expect(of('bad', 'good')).toBeCloseTo(-4, 9);
    expect(of('worse', 'best')).toBeCloseTo(-4, 9);
    expect(of('same', 'equal')).toBeCloseTo(0, 9);
    expect(of('good', 'best')).not.toBeCloseTo(4, 3);
  });

  it('says tie the more, the less it knows', () => {
    const preferences = [
      { candidates: ['x', 'y'], better: 'tie' },
      { candidates: ['u', 'v'], better: 'a' },
    ] as const;
    const tie = (sharpness: number, x: string, y: string) =>
      oddsOf({ preferences, noise: 0, sharpness }, x, y).tie;
    expect(tie(1, 'x', 'y')).toBeCloseTo(0.45, 9);
    expect(tie(0.5, 'u', 'v')).toBeLessThan(0.45);
    expect(tie(1, 'u', 'v')).toBeLessThan(tie(0.5, 'u', 'v'));
    expect(tie(20, 'u', 'v')).toBeCloseTo(0.02, 6);
  });
});
