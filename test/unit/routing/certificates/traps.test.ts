import { describe, expect, it } from 'vitest';
import type { CalibrationItem } from '../../../../src/contracts/certificate.ts';
import { certify } from '../../../../src/routing/certificates/certify.ts';
import { replay } from '../../../../src/routing/certificates/replay.ts';
import { type ScoredItem, scanThresholds } from '../../../../src/routing/certificates/scan.ts';
import { allowedErrors } from '../../../../src/statistics/binomial.ts';
import { fitLogistic, logisticScore, sigmoid } from '../../../../src/statistics/logistic.ts';
import { createSeededRandom, type SeededRandom } from '../../../../src/statistics/random.ts';
import { calibrationItem, certifyRequest, stage } from '../../../fakes/calibration.ts';

/**
 * Ways to break a promise of 95 % at 90 % without noticing. Each test shows how often the naive way breaks it and
 * that the right way does so in at most a tenth of the draws (.15 with the noise of 200).
 */
/** The worlds that thresholds are judged by do not depend on the draws. */
const fixed = createSeededRandom(99);
const DRAWS = 200;
const ALPHA = 0.05;
const scan = { alpha: ALPHA, delta: 0.1, risk: 'marginal' } as const;

interface Row {
  readonly score: number;
  readonly wrong: boolean;
}

const scored = (rows: readonly Row[]): ScoredItem[] =>
  rows.map(({ score, wrong }) => ({ levels: [score], wrong: [wrong] }));
const riskAt = (population: readonly Row[], threshold: number): number =>
  population.filter(({ score, wrong }) => wrong && score >= threshold).length / population.length;
const thresholdOf = (rows: readonly Row[], delta = 0.1): number =>
  scanThresholds(scored(rows), { ...scan, delta }).certified?.threshold ?? Infinity;

function violations(draw: (random: SeededRandom) => boolean, draws = DRAWS): number {
  const random = createSeededRandom(7);
  return Array.from({ length: draws }, () => draw(random)).filter(Boolean).length / draws;
}

/** A score that tells a little: right with sigmoid(score). */
function honest(random: SeededRandom): Row {
  const score = 1.7 + 1.6 * random.normal();
  return { score, wrong: random.uniform() > sigmoid(score) };
}

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

describe('traps', () => {
  const population = many(20_000, () => honest(fixed));

  it('the honest way keeps its promise', () => {
    expect(
      violations((r) => riskAt(population, thresholdOf(many(250, () => honest(r)))) > ALPHA),
    ).toBeLessThan(0.15);
  });

  it('splitting tied confidences breaks it always', () => {
    const tied = (r: SeededRandom): Row => {
      const sure = r.uniform() < 0.6;
      return { score: sure ? 4 : r.normal(), wrong: r.uniform() < (sure ? 0.15 : 0.4) };
    };
    const world = many(20_000, () => tied(fixed));
    const naive = violations((r) => {
      const rows = many(250, () => tied(r)).toSorted((one, other) => other.score - one.score);
      let errors = 0;
      let threshold = Infinity;
      for (const { score, wrong } of rows) {
        errors += wrong ? 1 : 0;
        if (errors > allowedErrors(250, ALPHA, 0.1)) break;
        threshold = score;
      }
      return riskAt(world, threshold) > ALPHA;
    });
    expect(naive).toBe(1);
    expect(violations((r) => riskAt(world, thresholdOf(many(250, () => tied(r)))) > ALPHA)).toBe(0);
  });

  /** Scores of a model with many features that say nothing, trained on `training`, of `rows`. */
  const FEATURES = 25;
  interface Featured {
    readonly x: number[];
    readonly wrong: boolean;
  }
  const featured = (r: SeededRandom): Featured => ({
    x: many(FEATURES, () => r.normal()),
    wrong: r.uniform() < 0.2,
  });
  const train = (rows: readonly Featured[]) => {
    const model = fitLogistic(
      rows.map((row) => row.x),
      rows.map((row) => (row.wrong ? 0 : 1)),
      { l2: 1 },
    );
    return (all: readonly Featured[]): Row[] =>
      all.map(({ x, wrong }) => ({ score: logisticScore(model, x), wrong }));
  };
  const noise = many(600, () => featured(fixed));

  it('certifying a combiner on the items that trained it breaks it nearly always', () => {
    const naive = violations((r) => {
      const rows = many(120, () => featured(r));
      const score = train(rows);
      return riskAt(score(noise), thresholdOf(score(rows))) > ALPHA;
    }, 50);
    expect(naive).toBeGreaterThan(0.85);
    const split = violations((r) => {
      const score = train(many(120, () => featured(r)));
      return riskAt(score(noise), thresholdOf(score(many(120, () => featured(r))))) > ALPHA;
    }, 50);
    expect(split).toBeLessThan(0.15);
  });

  it('items of one prompt on both sides of the split break it, whole prompts do not', () => {
    const sides = (r: SeededRandom) =>
      many(60, () => {
        const one = featured(r);
        return many(4, () => ({ ...one, x: one.x.map((value) => value + 0.3 * r.normal()) }));
      });
    const byItem = violations((r) => {
      const groups = sides(r);
      const score = train(groups.flatMap((group) => group.slice(0, 2)));
      return riskAt(score(noise), thresholdOf(score(groups.flatMap((group) => group.slice(2))))) > ALPHA;
    }, 50);
    expect(byItem).toBeGreaterThan(0.5);
    const byPrompt = violations((r) => {
      const score = train(sides(r).flat());
      // One item of each prompt counts, as `certify` does.
      return riskAt(score(noise), thresholdOf(score(sides(r).flatMap((group) => group.slice(0, 1))))) > ALPHA;
    }, 50);
    expect(byPrompt).toBeLessThan(0.15);
  });

  it('picking the best of eight scores needs delta / 8', () => {
    const attempt = (r: SeededRandom, delta: number): boolean => {
      const wrong = many(250, () => r.uniform() < 0.1);
      // Each score accepts its own random half first: every threshold beyond one half is a violation.
      const best = Math.max(
        ...many(8, () => {
          const rows = wrong.map((is) => ({ score: r.uniform(), wrong: is }));
          const threshold = thresholdOf(rows, delta);
          return threshold === Infinity ? 0 : 1 - threshold;
        }),
      );
      return best * 0.1 > ALPHA;
    };
    expect(violations((r) => attempt(r, 0.1))).toBeGreaterThan(0.2);
    expect(violations((r) => attempt(r, 0.1 / 8))).toBeLessThan(0.15);
  });

  it('looking again after every ten items needs delta shared over the looks', () => {
    const looks = 20;
    const attempt = (r: SeededRandom, delta: number): boolean => {
      const rows: Row[] = [];
      return many(looks, () => {
        rows.push(...many(10, () => ({ score: r.uniform(), wrong: r.uniform() < 0.1 })));
        return rows.length < 50 ? Infinity : thresholdOf(rows, delta);
      }).some((threshold) => threshold < 0.5);
    };
    expect(violations((r) => attempt(r, 0.1))).toBeGreaterThan(0.15);
    expect(violations((r) => attempt(r, 0.1 / looks))).toBeLessThan(0.1);
  });

  it('a certificate used on another source of answers is always broken, and refused', () => {
    const other = (r: SeededRandom): Row => ({ ...honest(r), wrong: r.uniform() < 0.3 });
    const elsewhere = many(5_000, () => other(fixed));
    expect(violations((r) => riskAt(elsewhere, thresholdOf(many(250, () => honest(r)))) > ALPHA)).toBe(1);
    const stages = [stage('small')];
    const items = many(60, (i) =>
      calibrationItem(stages, {
        id: `${i}`,
        logOdds: [i + 1],
        reference: i % 2 === 0 ? 'a' : 'b',
        stratum: i === 5 ? 'source:other' : 'all',
      }),
    );
    expect(certify(items, certifyRequest(stages))).toMatchObject({
      ok: false,
      refusal: { reason: 'stratum_mismatch', items: ['5'] },
    });
  });

  it.each([
    ['at chance', () => 0.5],
    ['anti-correlated', (size: number) => sigmoid(-size)],
  ])('a judge %s is not called: what it promises holds, at a cost of at most 1', (_, rightAt) => {
    const stages = [stage('small')];
    const make = (r: SeededRandom, count: number): CalibrationItem[] =>
      many(count, (i) => {
        const odds = 2 * r.normal();
        const says = odds > 0;
        const right = r.uniform() < rightAt(Math.abs(odds));
        return calibrationItem(stages, {
          id: `${i}`,
          logOdds: [odds],
          reference: says === right ? 'a' : 'b',
        });
      });
    const world = make(fixed, 1_000);
    let cost = 0;
    const broken = violations((r) => {
      const result = certify(make(r, 250), certifyRequest(stages, { minimumCoverage: 0.05 }));
      const rows = replay(result.ok ? result.certificate : null, world);
      cost += rows.reduce((sum, row) => sum + 0.05 * row.asked + (row.stage === null ? 1 : 0), 0) / 1_000;
      return rows.filter((row) => !row.agrees).length / 1_000 > ALPHA;
    });
    expect(broken).toBeLessThan(0.05);
    expect(cost / DRAWS).toBeLessThanOrEqual(1);
  });
});
