import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestOf } from '../../../src/cli/label/canonical.ts';
import { parseJsonLine } from '../../../src/cli/label/json-line.ts';

describe('a line of JSON', () => {
  it.each([
    ['{"a": 1,}', 'not JSON at column 9: Expected double-quoted property name'],
    ['{', "not JSON at column 2: Expected property name or '}'"],
    ['hello', "not JSON at column 1: Unexpected token 'h'"],
    ['{"a": tru}', "not JSON at column 10: Unexpected token '}'"],
    ['{"a": [1, 2, oops]}', "not JSON at column 14: Unexpected token 'o'"],
    ['{"a":', 'not JSON at column 6: the line ends too early'],
    ['{"a":1} x', 'not JSON at column 9: Unexpected non-whitespace character after JSON'],
    ['{"a":"x', 'not JSON at column 8: Unterminated string'],
    ['[]', 'the line is a list, not a JSON object'],
    ['null', 'the line is null, not a JSON object'],
    ['3', 'the line is a number, not a JSON object'],
  ])('%j: %s', (text, message) => {
    expect(parseJsonLine(text)).toEqual({ ok: false, message });
  });

  it('finds a foreign character anywhere outside of strings', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), fc.nat(), (numbers, seed) => {
        const values = numbers.map(String);
        const at = seed % values.length;
        const before = `{"a":[${values
          .slice(0, at)
          .map((value) => `${value},`)
          .join('')}`;
        const text = `${before}?${values.slice(at).join(',')}]}`;
        expect(parseJsonLine(text)).toEqual({
          ok: false,
          message: `not JSON at column ${before.length + 1}: Unexpected token '?'`,
        });
      }),
    );
  });
});

describe('canonical JSON', () => {
  it('is the same for the same value with keys in another order, and parses back', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, entry]) => [key, shuffled(entry)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(canonicalJson(shuffled(plain))).toBe(canonicalJson(plain));
        expect(JSON.parse(canonicalJson(plain) ?? '')).toEqual(plain);
      }),
    );
  });

  it('refuses what would overflow the stack', () => {
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(canonicalJson(nested(60))).toBe(`${'['.repeat(60)}${']'.repeat(60)}`);
    expect(canonicalJson(nested(100_000))).toBeNull();
  });

  it('digests to 16 hex digits of the SHA-256', () => {
    expect(digestOf('abc')).toBe('ba7816bf8f01cfea');
  });
});
