import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelDistribution, ShownLabel } from '../../../src/domain/distribution.ts';
import {
  averageOrders,
  confidenceOf,
  isPositionInconsistent,
  labelOf,
  orderGapOf,
  readOrder,
} from '../../../src/domain/preference.ts';

function shown(first: number, second: number, tie: number, unseen = 0): LabelDistribution<ShownLabel> {
  const label = (probability: number) => ({ probability, atMost: probability + unseen });
  return {
    labels: { first: label(first), second: label(second), tie: label(tie) },
    mass: first + second + tie,
    route: 'label_ids',
  };
}

const positive = fc.double({ min: 1e-6, max: 1, noNaN: true });
const distribution = fc.tuple(positive, positive, positive).map(([a, b, tie]) => {
  const total = a + b + tie;
  return shown(a / total, b / total, tie / total);
});

describe('readOrder', () => {
  it('names probabilities by identity, whatever was shown first', () => {
    expect(readOrder(shown(0.6, 0.2, 0.2), 'ab').probabilities).toEqual({ a: 0.6, b: 0.2, tie: 0.2 });
    expect(readOrder(shown(0.6, 0.2, 0.2), 'ba').probabilities).toEqual({ a: 0.2, b: 0.6, tie: 0.2 });
  });

  it('normalises over the labels and keeps the mass beside it', () => {
    const reading = readOrder(shown(0.45, 0.45, 0), 'ab');
    expect(reading.probabilities).toEqual({ a: 0.5, b: 0.5, tie: 0 });
    expect(reading.mass).toBe(0.9);
    expect(reading.censored).toBe(false);
  });

  it('counts what was not seen against the largest label', () => {
    const reading = readOrder(shown(0.8, 0.1, 0.1, 0.1), 'ab');
    expect(reading.censored).toBe(true);
    // 0.8 / (1.0 + 0.1 + 0.1)
    expect(reading.worstCase).toBeCloseTo(2 / 3, 12);
  });
});

describe('the average of both orders', () => {
  it('cancels a judge that only looks at the position', () => {
    const readings = [readOrder(shown(0.9, 0.1, 0), 'ab'), readOrder(shown(0.9, 0.1, 0), 'ba')];
    const probabilities = averageOrders(readings);
    expect(probabilities.a).toBeCloseTo(0.5, 12);
    expect(probabilities.b).toBeCloseTo(0.5, 12);
    expect(labelOf(probabilities)).toBeNull();
    expect(isPositionInconsistent(readings)).toBe(true);
    expect(orderGapOf(readings)).toBeCloseTo(0.8, 12);
  });

  it('sums to one and swaps with the candidates', () => {
    fc.assert(
      fc.property(distribution, distribution, (one, two) => {
        const straight = averageOrders([readOrder(one, 'ab'), readOrder(two, 'ba')]);
        const swapped = averageOrders([readOrder(one, 'ba'), readOrder(two, 'ab')]);
        expect(straight.a + straight.b + straight.tie).toBeCloseTo(1, 9);
        expect(swapped).toEqual({ a: straight.b, b: straight.a, tie: straight.tie });
      }),
    );
  });

  it('never lets the unseen raise confidence', () => {
    fc.assert(
      fc.property(distribution, fc.double({ min: 0, max: 0.2, noNaN: true }), (seen, unseen) => {
        const { first, second, tie } = seen.labels;
        const open = [readOrder(shown(first.probability, second.probability, tie.probability, unseen), 'ab')];
        const closed = [readOrder(seen, 'ab')];
        const certain = confidenceOf(averageOrders(closed), closed);
        expect(confidenceOf(averageOrders(open), open)).toBeLessThanOrEqual(certain + 1e-12);
        expect(certain).toBeGreaterThanOrEqual(1 / 3 - 1e-9);
      }),
    );
  });
});

describe('labelOf', () => {
  it.each([
    [{ a: 0.5, b: 0.3, tie: 0.2 }, 'a'],
    [{ a: 0.1, b: 0.6, tie: 0.3 }, 'b'],
    [{ a: 0.3, b: 0.3, tie: 0.4 }, 'tie'],
    [{ a: 0.4, b: 0.4, tie: 0.2 }, null],
    [{ a: 0.4, b: 0.2, tie: 0.4 }, null],
  ] as const)('%o is %s', (probabilities, label) => {
    expect(labelOf(probabilities)).toBe(label);
  });
});

describe('a single order', () => {
  it('has no gap and cannot be inconsistent', () => {
    const readings = [readOrder(shown(0.7, 0.2, 0.1), 'ba')];
    expect(orderGapOf(readings)).toBeNull();
    expect(isPositionInconsistent(readings)).toBe(false);
    expect(confidenceOf(averageOrders(readings), readings)).toBeCloseTo(0.7, 12);
  });
});
