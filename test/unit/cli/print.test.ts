import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  formatUsd,
} from '../../../src/cli/print/numbers.ts';
import { createPaint, plain, widthOf } from '../../../src/cli/print/paint.ts';
import { renderTable } from '../../../src/cli/print/table.ts';

const terminal = { write: () => undefined, isTTY: true };

describe('numbers', () => {
  it.each([
    [formatCount(1_234_567), '1,234,567'],
    [formatUsd(0), '$0'],
    [formatUsd(36_500), '$0.0000365'],
    [formatUsd(41_200_000), '$0.0412'],
    [formatUsd(1_234_500_000_000), '$1,234.50'],
    [formatShare(0, 10), '0 %'],
    [formatShare(1, 100), '1.0 %'],
    [formatShare(1, 3), '33 %'],
    [formatShare(2303, 2304), '99.9 %'],
    [formatShare(99_999, 100_000), '99.9 %'],
    [formatShare(5, 5), '100 %'],
    [formatShare(0, 0), '–'],
    [formatDuration(0.44), '0.4 s'],
    [formatDuration(42.4), '42 s'],
    [formatDuration(185), '3:05 min'],
    [formatDuration(7800), '2:10 h'],
    [formatRate(10, 0), '0.0/s'],
    [formatRate(1234, 1), '1,234/s'],
  ])('%s is %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('paint', () => {
  it('colours a terminal only, and never against NO_COLOR', () => {
    expect(createPaint(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(createPaint(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(createPaint(terminal, { TERM: 'dumb' })('red', 'x')).toBe('x');
    expect(createPaint({ write: () => undefined }, {})('red', 'x')).toBe('x');
    expect(widthOf('\u001b[31mé–👍🏽\u001b[39m')).toBe(3);
  });
});

describe('a table', () => {
  it('aligns words left and numbers right', () => {
    const text = renderTable(
      [{ title: 'tier' }, { title: 'n', align: 'right' }],
      [
        ['small', '7'],
        ['xl', '1,200'],
      ],
      plain,
    );
    expect(text).toBe('  tier       n\n  small      7\n  xl     1,200\n');
  });

  it('has the same column borders with and without colours', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 5 }), (rows) => {
        const clean = rows.map((row) => row.map((cell) => cell.replaceAll(/[^\w ]/g, '')));
        const paint = createPaint(terminal, {});
        const columns = [{ title: 'one' }, { title: 'two', align: 'right' as const }];
        const coloured = clean.map((row) => row.map((cell) => (cell === '' ? '' : paint('green', cell))));
        const strip = (text: string): string =>
          text.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/ +\n/g, '\n');
        const expected = renderTable(columns, clean, plain).replaceAll(/ +\n/g, '\n');
        expect(strip(renderTable(columns, coloured, paint))).toBe(expected);
      }),
    );
  });
});
