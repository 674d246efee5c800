import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonFault } from '../../../src/http/json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the place where a text stops being JSON', () => {
  it.each([
    ['hello', { line: 1, column: 1, atEnd: false }],
    ['{"a":1,}', { line: 1, column: 8, atEnd: false }],
    ['{\n  "a": 1\n  "b": 2\n}', { line: 3, column: 3, atEnd: false }],
    ['[1, 02]', { line: 1, column: 6, atEnd: false }],
    ['[1]]', { line: 1, column: 4, atEnd: false }],
    ['{"a" 1}', { line: 1, column: 2, atEnd: false }],
    ['["a\nb"]', { line: 1, column: 2, atEnd: false }],
    ['[1,\n2', { line: 2, column: 2, atEnd: true }],
    ['', { line: 1, column: 1, atEnd: true }],
  ])('%j', (text, fault) => {
    expect(findJsonFault(text)).toEqual(fault);
  });

  it('is null exactly for JSON, also after small accidents', () => {
    const accident = fc.record({
      value: fc.jsonValue(),
      indent: fc.nat(2),
      at: fc.nat(200),
      cut: fc.nat(2),
      insert: fc.constantFrom('', '"', ',', '}', ']', '{', '0', '-', '\\', 'e', ':', '\n'),
    });
    fc.assert(
      fc.property(accident, ({ value, indent, at, cut, insert }) => {
        const whole = JSON.stringify(value, null, indent);
        const position = at % (whole.length + 1);
        const text = whole.slice(0, position) + insert + whole.slice(position + cut);
        expect(findJsonFault(text) === null).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads long strings and deep nesting without running out of stack', () => {
    const text = `${'['.repeat(50_000)}"${'x\\n'.repeat(500_000)}"${']'.repeat(50_000)}!`;
    expect(findJsonFault(text)).toEqual({ line: 1, column: 1_600_003, atEnd: false });
  });
});
