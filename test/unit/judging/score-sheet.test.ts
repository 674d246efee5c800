import { describe, expect, it } from 'vitest';
import { readSheet, type TokenPosition } from '../../../src/judging/written-scores.ts';

const FIVE = { min: 1, max: 5 };
const TEN = { min: 1, max: 10 };

/** A token with the log-probabilities of the tokens beside it. */
function position(token: string, likely: Readonly<Record<string, number>>): TokenPosition {
  const listed = Object.entries(likely).map(([text, p]) => ({ token: text, logprob: Math.log(p) }));
  const own = listed.find((one) => one.token === token) ?? { token, logprob: -20 };
  return { ...own, top_logprobs: listed };
}

const four = position('4', { '4': 0.6, '5': 0.25, ' 4': 0.05, '3': 0.06, Well: 0.01 });
const letter = position('B', { B: 0.9, A: 0.05, C: 0.03 });
const line = position('\n', { '\n': 0.99 });
const end = position('<|im_end|>', { '<|im_end|>': 0.98 });

describe('a sheet of scores', () => {
  it('reads each line from the probabilities at its own place, summing the spellings of a score', () => {
    const [first, second] = readSheet('4\nB', [four, line, letter, end], [FIVE, TEN]) ?? [];
    expect(first?.labels['4']?.probability).toBeCloseTo(0.65, 12);
    expect(first?.labels['5']?.probability).toBeCloseTo(0.25, 12);
    expect(first?.mass).toBeCloseTo(0.96, 12);
    expect(second?.labels['2']?.probability).toBeCloseTo(0.9, 12);
    expect(second?.labels['3']?.probability).toBeCloseTo(0.03, 12);
  });

  it('bounds a score that is not listed by the least that is, and by what the list leaves over', () => {
    const [first] = readSheet('4', [four], [FIVE]) ?? [];
    expect(first?.labels['1']).toEqual({ probability: 0, atMost: expect.closeTo(0.01, 12) });
    const [full] = readSheet('4', [position('4', { '4': 0.999, '5': 0.0005 })], [FIVE]) ?? [];
    expect(full?.labels['1']?.atMost).toBeCloseTo(0.0005, 12);
  });

  it('takes a line with anything but one score for no score, and leaves the others where they are', () => {
    const word = position('Good', { Good: 0.9 });
    const seven = position('7', { '7': 0.9 });
    expect(readSheet('Good\n4', [word, line, four], [FIVE, FIVE])?.map((one) => one !== null)).toEqual([
      false,
      true,
    ]);
    expect(readSheet('4 4\n4', [four, four, line, four], [FIVE, FIVE])?.map((one) => one !== null)).toEqual([
      false,
      true,
    ]);
    expect(readSheet('7\n4', [seven, line, four], [FIVE, FIVE])?.map((one) => one !== null)).toEqual([
      false,
      true,
    ]);
  });

  it('is none with too few lines, too many, or tokens that are not those of the text', () => {
    expect(readSheet('4', [four], [FIVE, FIVE])).toBeNull();
    expect(readSheet('4\n4\n4', [four, line, four, line, four], [FIVE, FIVE])).toBeNull();
    expect(readSheet('4\n5', [four, line, four], [FIVE, FIVE])).toBeNull();
    expect(readSheet('4\n4', [four, line], [FIVE, FIVE])).toBeNull();
    expect(readSheet('', [], [FIVE])?.map((one) => one)).toEqual([null]);
  });

  it('refuses probabilities that add up to more than one', () => {
    expect(readSheet('4', [position('4', { '4': 0.9, '5': 0.3 })], [FIVE])).toEqual([null]);
  });
});
