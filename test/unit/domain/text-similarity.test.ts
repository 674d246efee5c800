import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIMILARITY_METRICS, textSimilarity } from '../../../src/domain/text-similarity.ts';

describe('how alike two texts are', () => {
  // By hand: 6 words against 6; the runs of two that both have are "the cat" and "on the".
  const [text, reference] = ['The cat sat on the mat.', 'the cat is on the rug'];

  it.each([
    ['rouge_1', 4 / 6],
    ['rouge_2', 2 / 5],
    ['rouge_3', 0],
    // "the cat on the"
    ['rouge_l', 4 / 6],
    // 4 + 2 + 0 + 0 of 6 + 5 + 4 + 3 runs
    ['gleu', 6 / 18],
    // (4/6 x 3/6 x 1/5 x 1/4)^(1/4), no brevity penalty
    ['bleu', ((4 / 6) * (3 / 6) * (1 / 5) * (1 / 4)) ** 0.25],
  ] as const)('by %s', (metric, expected) => {
    expect(textSimilarity(metric, text, reference)).toBeCloseTo(expected, 12);
  });

  it('by their characters: "kitten" and "sitting" share "ittn", 2 x 4 of 13', () => {
    expect(textSimilarity('fuzzy_match', 'kitten', 'sitting')).toBeCloseTo(8 / 13, 12);
    expect(textSimilarity('fuzzy_match', '😀a', '😀b')).toBeCloseTo(0.5, 12);
  });

  it('punishes an answer that is too short, by BLEU alone', () => {
    // Four words of eight: every run is right, exp(1 - 8/4).
    const whole = 'one two three four five six seven eight';
    expect(textSimilarity('bleu', 'one two three four', whole)).toBeCloseTo(Math.exp(-1), 12);
  });

  it('has 1 for equal texts, stays in [0, 1], and finds empty ones alike', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...SIMILARITY_METRICS), words, words, (metric, one, other) => {
        const alike = textSimilarity(metric, one, other);
        expect(alike).toBeGreaterThanOrEqual(0);
        expect(alike).toBeLessThanOrEqual(1);
      }),
    );
    for (const metric of SIMILARITY_METRICS) {
      expect(textSimilarity(metric, 'a b c d e f', 'A b c, d e f!')).toBeGreaterThan(0.7);
      expect(textSimilarity(metric, '', '')).toBe(1);
      expect(textSimilarity(metric, 'word', '')).toBe(0);
    }
  });

  it('finds the subsequence that a table finds', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(letters, letters, (one, other) => {
        const share = textSimilarity('fuzzy_match', one, other);
        expect((share * (one.length + other.length)) / 2).toBeCloseTo(longest(one, other), 9);
      }),
    );
  });
});

/** The plain way. */
function longest(one: string, other: string): number {
  const table = Array.from({ length: one.length + 1 }, () =>
    Array.from({ length: other.length + 1 }, () => 0),
  );
  for (let i = 1; i <= one.length; i += 1) {
    for (let j = 1; j <= other.length; j += 1) {
      const [row, above] = [table[i] ?? [], table[i - 1] ?? []];
      row[j] =
        one[i - 1] === other[j - 1] ? (above[j - 1] ?? 0) + 1 : Math.max(above[j] ?? 0, row[j - 1] ?? 0);
    }
  }
  return table[one.length]?.[other.length] ?? 0;
}
