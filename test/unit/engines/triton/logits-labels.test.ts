import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLabelSet } from '../../../../src/engines/label-set.ts';
import { readLogits } from '../../../../src/engines/triton/routes/logits-labels.ts';

function setOf(tokens: Record<string, number[]>): Parameters<typeof readLogits>[0] {
  const built = createLabelSet('id', tokens);
  if (!built.ok) throw new Error('clash');
  return built.set;
}

const SET = setOf({ first: [1, 3], second: [2] });

describe('readLogits', () => {
  it('sums the softmax of each label', () => {
    const result = readLogits(SET, [0, Math.log(2), Math.log(3), Math.log(4)]);
    expect(result).toEqual({
      ok: true,
      value: {
        labels: {
          first: { probability: expect.closeTo(0.6, 12), atMost: expect.closeTo(0.6, 12) },
          second: { probability: expect.closeTo(0.3, 12), atMost: expect.closeTo(0.3, 12) },
        },
        mass: expect.closeTo(0.9, 12),
        route: 'generation_logits',
      },
    });
  });

  it('does not mind where the logits lie', () => {
    const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 4, maxLength: 40 });
    fc.assert(
      fc.property(logits, fc.double({ min: -1e4, max: 1e4, noNaN: true }), (values, shift) => {
        const one = readLogits(SET, values);
        const other = readLogits(
          SET,
          values.map((value) => value + shift),
        );
        if (!one.ok || !other.ok) throw new Error('refused');
        expect(other.value.mass).toBeCloseTo(one.value.mass, 6);
        expect(one.value.mass).toBeLessThanOrEqual(1);
        const { first, second } = one.value.labels;
        expect(first!.probability + second!.probability).toBeCloseTo(one.value.mass, 12);
      }),
    );
  });

  it('takes masked tokens for impossible', () => {
    expect(readLogits(SET, [0, -Infinity, 0, -Infinity])).toMatchObject({
      ok: true,
      value: { labels: { first: { probability: 0 }, second: { probability: 0.5 } } },
    });
  });

  it.each([
    ['NaN', [0, 1, Number.NaN, 1]],
    ['infinity', [0, 1, Infinity, 1]],
    ['nothing but minus infinity', [-Infinity, -Infinity, -Infinity, -Infinity]],
  ])('refuses %s', (_, logits) => {
    expect(readLogits(SET, logits)).toMatchObject({ ok: false, failure: { code: 'engine_corrupt' } });
  });

  it('refuses a vocabulary that does not reach the labels', () => {
    expect(readLogits(SET, [0])).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: expect.stringContaining('gather_generation_logits') },
    });
  });
});
