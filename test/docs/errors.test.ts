import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/domain/errors.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');

const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

function documented(): Record<string, unknown> {
  const entries = rows.map(([code = '', status, type = '', retryable, when, advice]) => [
    unquoted(code),
    {
      status: Number(status),
      type: unquoted(type),
      retryable: retryable === 'yes',
      advice,
      hasWhen: when !== '',
    },
  ]);
  return Object.fromEntries(entries);
}

function unquoted(cell: string): string {
  return cell.replaceAll('`', '');
}

describe('docs/errors.md', () => {
  it('has every code of the table, no other, and the same facts about it', () => {
    const table = Object.entries(ERRORS).map(([code, row]) => [code, { ...row, hasWhen: true }]);
    expect(documented()).toEqual(Object.fromEntries(table));
  });

  it('has each code once, with six cells', () => {
    expect(rows.map((row) => row.length)).toEqual(rows.map(() => 6));
    expect(new Set(rows.map(([code]) => code)).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(10);
  });
});
