import { describe, expect, it } from 'vitest';
import { createDifficultyBook } from '../../../../src/routing/difficulty/book.ts';
import { featuresOf } from '../../../../src/routing/difficulty/features.ts';
import { createDifficultyLearner } from '../../../../src/routing/difficulty/learner.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';

const now = (work: () => void): void => work();

/** Prompts about code escalate often, the others seldom. */
function stream(seed: number, n: number, risk: { code: number; prose: number }) {
  const { uniform } = createSeededRandom(seed);
  return Array.from({ length: n }, (_, i) => {
    const isCode = uniform() < 0.5;
    const prompt = isCode
      ? `Mend function f${i}(x) { return x[${i}]; };`
      : `Tell a story about summer number ${i}`;
    const features = featuresOf({
      prompt,
      candidates: [`answer ${i} is short`, `answer ${i} is a bit longer`],
    });
    return { features, isCode, escalated: uniform() < (isCode ? risk.code : risk.prose) };
  });
}

function learned(seed: number, n: number, risk: { code: number; prose: number }) {
  const learner = createDifficultyLearner({ later: now });
  for (const { features, escalated } of stream(seed, n, risk)) learner.learn(features, escalated);
  return learner;
}

describe('difficulty learner', () => {
  it('says nothing before 100 outcomes of both kinds', () => {
    const [probe] = stream(9, 1, { code: 1, prose: 1 });
    if (probe === undefined) throw new Error('no probe');
    expect(learned(1, 99, { code: 0.8, prose: 0.1 }).estimate(probe.features)).toBeNull();
    expect(learned(1, 400, { code: 1, prose: 1 }).estimate(probe.features)).toBeNull();
    expect(learned(1, 100, { code: 0.8, prose: 0.1 }).estimate(probe.features)).not.toBeNull();
  });

  it('learns what escalates, calibrated, and reports its AUROC out of sample', () => {
    const learner = learned(2, 1_500, { code: 0.8, prose: 0.1 });
    const fresh = stream(3, 400, { code: 0.8, prose: 0.1 });
    const meanOf = (isCode: boolean): number => {
      const estimates = fresh
        .filter((row) => row.isCode === isCode)
        .map((row) => learner.estimate(row.features) ?? NaN);
      return estimates.reduce((sum, value) => sum + value, 0) / estimates.length;
    };
    expect(meanOf(true)).toBeGreaterThan(0.7);
    expect(meanOf(true)).toBeLessThan(0.9);
    expect(meanOf(false)).toBeLessThan(0.2);
    // Perfect knowledge of the kind alone reaches about .85.
    const { auroc, outcomes } = learner.report();
    expect(outcomes).toBe(1500);
    expect(auroc?.low).toBeGreaterThan(0.75);
    expect(auroc?.high).toBeLessThan(0.95);
  });

  it('claims no skill where there is none', () => {
    const { auroc } = learned(4, 1_500, { code: 0.4, prose: 0.4 }).report();
    expect(auroc?.low).toBeLessThan(0.5);
  });

  it('goes on from its snapshot after JSON', () => {
    const learner = learned(5, 600, { code: 0.8, prose: 0.1 });
    const restored = createDifficultyLearner({ later: now }, JSON.parse(JSON.stringify(learner.snapshot())));
    for (const { features } of stream(6, 20, { code: 1, prose: 1 })) {
      expect(restored.estimate(features)).toBeCloseTo(learner.estimate(features) ?? NaN, 10);
    }
    expect(restored.report()).toEqual(learner.report());
  });

  it('trains later and in pieces, never while an outcome is taken in', () => {
    const work: (() => void)[] = [];
    const learner = createDifficultyLearner({ later: (job) => void work.push(job) });
    const rows = stream(7, 300, { code: 0.8, prose: 0.1 });
    for (const { features, escalated } of rows) learner.learn(features, escalated);
    const [first] = rows;
    expect(first && learner.estimate(first.features)).toBeNull();
    expect(work).toHaveLength(1);
    let pieces = 0;
    for (let piece = work.shift(); piece !== undefined; piece = work.shift()) {
      piece();
      pieces += 1;
      // An outcome that comes between two pieces starts no second training.
      if (first !== undefined && pieces === 2) learner.learn(first.features, first.escalated);
      expect(work.length).toBeLessThanOrEqual(1);
    }
    expect(pieces).toBeGreaterThan(4);
    expect(first && learner.estimate(first.features)).not.toBeNull();
  });
});

describe('difficulty book', () => {
  it('lets a stratum speak for itself once it has learned, else the policy', () => {
    const book = createDifficultyBook({ later: now });
    const rows = stream(8, 500, { code: 0.8, prose: 0.1 });
    for (const { features, escalated } of rows)
      book.learn({ policy: 'p', stratum: 'en' }, features, { escalated });
    const probe = featuresOf({
      prompt: 'Mend function g(x) { return x[1]; };',
      candidates: ['a b c', 'a b d'],
    });
    expect(book.estimate({ policy: 'p', stratum: 'en' }, probe).pooled).toBe(false);
    const other = book.estimate({ policy: 'p', stratum: 'de' }, probe);
    expect(other.pooled).toBe(true);
    expect(other.difficulty).toBeGreaterThan(0.5);
    expect(book.estimate({ policy: 'q', stratum: 'en' }, probe).difficulty).toBeNull();
    const restored = createDifficultyBook({ later: now }, JSON.parse(JSON.stringify(book.snapshot())));
    expect(restored.report('p')).toEqual(book.report('p'));
  });
});
