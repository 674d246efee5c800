import { describe, expect, it } from 'vitest';
import { readFormula } from '../../../src/wire/trainers/formula.ts';

const VALUES = new Map([
  ['safe', 0.5],
  ['short', 2],
]);

function valueOf(text: string): number | string {
  const read = readFormula(text, new Set(VALUES.keys()), 'f');
  return read.ok ? read.value(VALUES) : (read.problems[0]?.message ?? '');
}

describe('the formula of a multi grader', () => {
  it.each([
    ['safe', 0.5],
    ['1 - safe * short + 3', 3],
    ['2 * (safe + short) / 4', 1.25],
    ['-2 ^ 2', -4],
    ['2 ^ 3 ^ 2', 512],
    ['2 ^ -1', 0.5],
    ['8 / 4 / 2', 1],
    ['8 - 4 - 2', 2],
    ['.5e1 + 1.5', 6.5],
    ['min(safe, short, 1) + max(3, abs(-4))', 4.5],
    ['floor(1.9) + ceil(1.1) + sqrt(9) + exp(0) + log(1)', 7],
  ])('%s is %d', (text, expected) => {
    expect(valueOf(text)).toBeCloseTo(expected, 12);
  });

  it.each([
    ['', 'f ends too early at column 1'],
    ['safe +', 'f ends too early at column 7'],
    ['safe safe', 'f expects an operator at column 6'],
    ['(safe', 'f expects ")" at column 6'],
    ['save', 'f knows no grader "save" at column 1'],
    ['1 + eval(2)', 'f knows no function "eval" at column 5'],
    ['constructor(2)', 'f knows no function "constructor" at column 1'],
    ['1 % 2', 'f does not know "%" at column 3'],
    ['sqrt(1, 2)', 'f gives sqrt too much at column 1'],
    [`${'('.repeat(100)}1${')'.repeat(100)}`, 'f is nested too deeply at column 65'],
    ['1'.repeat(3_000), 'f must have at most 2000 characters'],
  ])('refuses %#', (text, message) => {
    expect(valueOf(text)).toBe(message);
  });
});
