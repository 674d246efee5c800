import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelDistribution } from '../../../src/domain/distribution.ts';
import type { JudgeKey } from '../../../src/domain/judge-key.ts';
import { type Criterion, pointsOf, signsOf } from '../../../src/domain/rubric.ts';
import { confidenceOfScore, readScore, scoreJudgmentOf } from '../../../src/domain/score.ts';

const KEY: JudgeKey = {
  id: 'jdg_0123456789abcdef',
  parts: {
    model: 'm',
    precision: null,
    prompt: 'score/label@1',
    promptHash: '0',
    orders: 'one',
    route: 'label_ids',
    engine: 'openai/vllm',
    fingerprint: null,
  },
};

function criterion(min: number, max: number, weight = 1): Criterion {
  return { name: 'harm', text: 'No harm.', scale: { min, max }, anchors: [], weight };
}

function distribution(
  labels: Record<string, number>,
  atMost: Record<string, number> = {},
): LabelDistribution {
  return {
    labels: Object.fromEntries(
      Object.entries(labels).map(([name, probability]) => [
        name,
        { probability, atMost: atMost[name] ?? probability },
      ]),
    ),
    mass: Object.values(labels).reduce((sum, probability) => sum + probability, 0),
    route: 'label_ids',
  };
}

describe('a score', () => {
  it('is the expectation over what was said, on the scale and on [0, 1]', () => {
    const read = readScore(criterion(1, 5), distribution({ 1: 0, 2: 0, 3: 0.24, 4: 0.48, 5: 0.24 }));
    expect(read.expected).toBeCloseTo(4, 12);
    expect(read.score).toBeCloseTo(0.75, 12);
    expect(read.probabilities.map((p) => Number(p.toFixed(2)))).toEqual([0, 0, 0.25, 0.5, 0.25]);
    expect(read).toMatchObject({ labelMass: 0.96, censored: false });
    // Its standard deviation is sqrt(1/2), half of the scale is 2.
    expect(read.confidence).toBeCloseTo(1 - Math.SQRT1_2 / 2, 12);
  });

  it('is less sure of what the engine left unsaid', () => {
    const said = { 1: 0.0, 2: 0.0, 3: 0.0, 4: 0.1, 5: 0.8 };
    const whole = readScore(criterion(1, 5), distribution(said));
    const partly = readScore(criterion(1, 5), distribution(said, { 1: 0.05 }));
    expect(partly.censored).toBe(true);
    expect(partly.expected).toBe(whole.expected);
    expect(partly.confidence).toBeLessThan(whole.confidence);
  });

  it('stays on its scale, and its confidence in [0, 1], whatever was said', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 5 }),
        fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (min, weights, unseen) => {
          const scale = { min, max: min + weights.length - 1 };
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const probabilities = weights.map((weight) => weight / total);
          const labels = Object.fromEntries(
            pointsOf(scale).map((point, index) => [String(point), probabilities[index] ?? 0]),
          );
          const read = readScore(criterion(scale.min, scale.max), distribution(labels));
          expect(read.expected).toBeGreaterThanOrEqual(scale.min - 1e-9);
          expect(read.expected).toBeLessThanOrEqual(scale.max + 1e-9);
          expect(read.score).toBeGreaterThanOrEqual(-1e-9);
          expect(read.score).toBeLessThanOrEqual(1 + 1e-9);
          const lowered = confidenceOfScore(scale, probabilities, unseen);
          expect(lowered).toBeGreaterThanOrEqual(0);
          expect(lowered).toBeLessThanOrEqual(read.confidence + 1e-9);
        },
      ),
    );
  });

  it('is turned round with its scale: exchanged ends give one minus the score, and the same confidence', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 10 }), (weights) => {
        const scale = { min: 0, max: weights.length - 1 };
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const of = (list: number[]) =>
          readScore(
            criterion(scale.min, scale.max),
            distribution(Object.fromEntries(list.map((weight, point) => [String(point), weight / total]))),
          );
        const one = of(weights);
        const other = of(weights.toReversed());
        expect(one.score + other.score).toBeCloseTo(1, 9);
        expect(one.confidence).toBeCloseTo(other.confidence, 9);
      }),
    );
  });

  it('adds up criteria by their weights, and is as sure as the least sure', () => {
    const criteria = [criterion(1, 5, 3), { ...criterion(0, 9, 1), name: 'candour' }];
    const scores = [
      readScore(criteria[0] ?? criterion(1, 5), distribution({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 1 })),
      readScore(criteria[1] ?? criterion(0, 9), distribution({ 0: 0.5, 9: 0.5 })),
    ];
    const judgment = scoreJudgmentOf(criteria, scores, KEY);
    expect(judgment.score).toBeCloseTo((3 * 1 + 0.5) / 4, 12);
    expect(judgment.confidence).toBe(0);
    expect(judgment.flags).toEqual([]);
  });
});

describe('the signs of a scale', () => {
  it.each([
    [1, 5, '12345'],
    [0, 9, '0123456789'],
    [1, 10, 'ABCDEFGHIJ'],
    [-1, 1, 'ABC'],
  ])('from %i to %i are %s', (min, max, signs) => {
    expect([...signsOf({ min, max }).values()].join('')).toBe(signs);
  });
});
