import { describe, expect, it } from 'vitest';
import { createCostRatios } from '../../../../src/routing/difficulty/cost-ratio.ts';
import { decideGate } from '../../../../src/routing/difficulty/gate.ts';
import { countingRandom } from '../../../fakes/clock.ts';

const auroc = { estimate: 0.6, low: 0.55, high: 0.65 };
const estimate = { difficulty: 0.97, auroc, outcomes: 500, pooled: false };
const ratio = { ratio: 0.05, referenceNanoUsd: 1000, measured: true };

function drawing(uniform: number) {
  return { ...countingRandom(), uniform: () => uniform };
}

describe('difficulty gate', () => {
  it('skips the small judge when it would almost surely escalate, but for a share that it goes on learning from', () => {
    expect(decideGate(estimate, ratio, drawing(0.5))).toEqual({
      askSmall: false,
      inclusion: 0.05,
      reason: 'P(escalate) 0.97 > 1 - cost ratio 0.05',
    });
    expect(decideGate(estimate, ratio, drawing(0.04))).toMatchObject({ askSmall: true, inclusion: 0.05 });
  });

  it('asks it otherwise', () => {
    const below = decideGate({ ...estimate, difficulty: 0.95 }, ratio, drawing(0.5));
    expect(below).toEqual({ askSmall: true, inclusion: 1, reason: 'P(escalate) 0.95 <= 0.95' });
    expect(decideGate({ ...estimate, difficulty: null }, ratio, drawing(0.5)).askSmall).toBe(true);
  });

  it('never skips on an estimate that may be no better than a coin', () => {
    for (const unsure of [null, { ...auroc, low: 0.5 }]) {
      expect(decideGate({ ...estimate, auroc: unsure }, ratio, drawing(0.5))).toEqual({
        askSmall: true,
        inclusion: 1,
        reason: 'P(escalate) 0.97 not used: AUROC not above .5 for sure',
      });
    }
  });
});

describe('cost ratios', () => {
  it('uses the price list, then all lengths, then the own length', () => {
    const costs = createCostRatios(0.1);
    expect(costs.ratio(1000)).toEqual({ ratio: 0.1, referenceNanoUsd: null, measured: false });
    for (let i = 0; i < 20; i += 1) {
      costs.observe('small', 1000, 100);
      costs.observe('reference', 1000, 1000);
      costs.observe('small', 9000, 900);
      if (i < 19) costs.observe('reference', 9000, 3000);
    }
    expect(costs.ratio(1000)).toEqual({ ratio: 0.1, referenceNanoUsd: 1000, measured: true });
    expect(costs.ratio(9000).ratio).toBeCloseTo(500 / ((20 * 1000 + 19 * 3000) / 39), 1);
    costs.observe('reference', 9000, 3000);
    const restored = createCostRatios(0.1, JSON.parse(JSON.stringify(costs.snapshot())));
    expect(restored.ratio(9000).ratio).toBeCloseTo(0.3, 12);
  });

  it('follows prices that move', () => {
    const costs = createCostRatios(0.1);
    for (let i = 0; i < 100; i += 1) {
      costs.observe('small', 100, 100);
      costs.observe('reference', 100, 1000);
    }
    for (let i = 0; i < 300; i += 1) costs.observe('reference', 100, 500);
    expect(costs.ratio(100).ratio).toBeCloseTo(0.2, 2);
  });
});
