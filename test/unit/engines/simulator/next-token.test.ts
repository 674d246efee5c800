import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choose, labelNext, plainNext } from '../../../../src/engines/simulator/language-model.ts';
import { MaskedDistribution, type NextToken } from '../../../../src/engines/simulator/next-token.ts';
import { tokenize } from '../../../../src/engines/simulator/tokenizer.ts';
import { VOCABULARY_SIZE } from '../../../../src/engines/simulator/vocabulary.ts';

const odds = fc
  .record({
    first: fc.double({ min: 0, max: 1, noNaN: true }),
    tieShare: fc.double({ min: 0, max: 1, noNaN: true }),
    mass: fc.double({ min: 0.001, max: 1, noNaN: true }),
    hash: fc.nat(),
  })
  .map(({ first, tieShare, mass, hash }) => ({
    first: first * (1 - tieShare),
    second: (1 - first) * (1 - tieShare),
    tie: tieShare,
    mass,
    hash,
  }));
const distribution = fc.oneof(
  fc.nat().map((prefix): NextToken => plainNext(prefix, undefined)),
  fc.nat().map((prefix): NextToken => plainNext(prefix, tokenize('.')[0])),
  odds.map((each): NextToken => labelNext(each)),
);

function logprobsOf(next: NextToken): number[] {
  return Array.from({ length: VOCABULARY_SIZE }, (_, id) => next.logprob(id));
}

describe('what the model says about the next token', () => {
  it('adds up to one over the whole vocabulary', () => {
    fc.assert(
      fc.property(distribution, (next) => {
        const sum = logprobsOf(next).reduce((total, logprob) => total + Math.exp(logprob), 0);
        expect(sum).toBeCloseTo(1, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('lists exactly the most likely tokens, in order, and ranks them so', () => {
    fc.assert(
      fc.property(distribution, fc.integer({ min: 1, max: 40 }), (next, count) => {
        const sorted = logprobsOf(next).toSorted((x, y) => y - x);
        const top = next.top(count);
        expect(new Set(top).size).toBe(count);
        expect(top.map((id) => next.logprob(id))).toEqual(sorted.slice(0, count));
      }),
      { numRuns: 30 },
    );
  });

  it('ranks a token behind those that are more likely, and behind no other', () => {
    fc.assert(
      fc.property(distribution, fc.nat({ max: VOCABULARY_SIZE - 1 }), (next, id) => {
        const logprob = next.logprob(id);
        const better = logprobsOf(next).filter((other) => other > logprob + 1e-12).length;
        expect(next.rank(id)).toBe(better + 1);
      }),
      { numRuns: 60 },
    );
  });

  it('puts a label to nine parts on the bare token and to one on the spaced one', () => {
    const next = labelNext({ first: 0.6, second: 0.3, tie: 0.1, mass: 0.9, hash: 5 });
    const probability = (text: string): number => Math.exp(next.logprob(tokenize(text)[0] ?? -1));
    expect(probability('A')).toBeCloseTo(0.486, 12);
    expect(probability(' A')).toBeCloseTo(0.054, 12);
    expect(probability('B')).toBeCloseTo(0.243, 12);
    expect(probability(' C')).toBeCloseTo(0.009, 12);
  });

  it('leaves only what a mask allows, adding up to one', () => {
    const raw = labelNext({ first: 0.6, second: 0.3, tie: 0.1, mass: 0.9, hash: 5 });
    const [a = 0, b = 0] = [...tokenize('A'), ...tokenize('B')];
    const masked = new MaskedDistribution(raw, [b, a]);
    expect(Math.exp(masked.logprob(a))).toBeCloseTo(2 / 3, 12);
    expect(Math.exp(masked.logprob(b))).toBeCloseTo(1 / 3, 12);
    expect(masked.logprob(tokenize(' A')[0] ?? 0)).toBe(-9999);
    expect(masked.top(4).slice(0, 2)).toEqual([a, b]);
    expect(masked.top(4)).toHaveLength(4);
  });
});

describe('choosing a token', () => {
  const free = {
    temperature: 0,
    topK: 0,
    topP: 1,
    allowed: null,
    banned: new Set<number>(),
    bias: new Map(),
  };
  const next = plainNext(42, undefined);
  const [best = 0, second = 0] = next.top(2);

  it('takes the most likely at temperature 0', () => {
    expect(choose(next, free, 7)).toBe(best);
  });

  it('obeys bans, allowances and biases without changing what is reported', () => {
    expect(choose(next, { ...free, banned: new Set([best]) }, 7)).toBe(second);
    expect(choose(next, { ...free, allowed: [3, second] }, 7)).toBe(second);
    expect(choose(next, { ...free, bias: new Map([[second, 50]]) }, 7)).toBe(second);
    expect(choose(next, { ...free, bias: new Map([[11, 99]]) }, 7)).toBe(11);
  });

  it('spreads draws at temperature 1 as the probabilities say', () => {
    const draws = Array.from({ length: 4000 }, (_, index) =>
      choose(next, { ...free, temperature: 1 }, Math.imul(index + 1, 0x9e3779b1) >>> 0),
    );
    const share = draws.filter((id) => id === best).length / draws.length;
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.6);
    expect(new Set(draws).size).toBeGreaterThan(5);
  });

  it('narrows with top_k and top_p', () => {
    const at = (rules: object): Set<number> =>
      new Set(
        Array.from({ length: 300 }, (_, index) =>
          choose(next, { ...free, temperature: 2, ...rules }, Math.imul(index + 1, 0x9e3779b1) >>> 0),
        ),
      );
    expect(at({ topK: 1 })).toEqual(new Set([best]));
    expect(at({ topP: 0.6 })).toEqual(new Set([best, second]));
  });
});
