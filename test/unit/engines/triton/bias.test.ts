import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { biasedBy, boundBelow, calibrate, unbiased } from '../../../../src/engines/triton/routes/bias.ts';

const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('a bias on one logit', () => {
  it('moves a probability as the softmax does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 8 }),
        (logits) => {
          const softmax = (values: readonly number[]): number =>
            Math.exp(values[0]!) / values.reduce((sum, value) => sum + Math.exp(value), 0);
          const raised = [logits[0]! + 3, ...logits.slice(1)];
          expect(biasedBy(softmax(logits), 3)).toBeCloseTo(softmax(raised), 10);
        },
      ),
    );
  });

  it('can be taken out again', () => {
    fc.assert(
      fc.property(probability, fc.double({ min: -6, max: 6, noNaN: true }), (own, weight) => {
        expect(unbiased('biased', biasedBy(own, weight), weight)).toBeCloseTo(own, 8);
      }),
    );
    expect(unbiased('raw', 0.3, 5)).toBe(0.3);
  });

  it('leaves a bound on a token that was not written', () => {
    // At the bound the token and all others together are equally likely.
    expect(boundBelow(5)).toBeCloseTo(0.0066928509, 10);
    expect(biasedBy(boundBelow(5), 5)).toBeCloseTo(0.5, 10);
  });
});

describe('calibrate', () => {
  it('knows which number an engine tells', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.02, max: 0.85, noNaN: true }), (own) => {
        expect(calibrate(biasedBy(own, 5), 5, biasedBy(own, 8), 8)).toBe('biased');
        expect(calibrate(own, 5, own, 8)).toBe('raw');
      }),
    );
  });

  it('knows it of a label that is nearly certain, by holding it down', () => {
    expect(calibrate(biasedBy(0.95, 5), 5, biasedBy(0.95, -1), -1)).toBe('biased');
    expect(calibrate(0.9995, 5, 0.9995, -1)).toBe('raw');
  });

  it.each([
    [0.5, 0.7],
    [0.5, null],
  ])('takes no numbers that nothing explains: %s, then %s', (first, second) => {
    expect(calibrate(first, 5, second, 8)).toBeNull();
  });
});
