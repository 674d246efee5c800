import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceedsDepth } from '../../../src/http/json-depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the depth of a JSON text', () => {
  it.each([
    ['[[1]]', 2, false],
    ['[[1]]', 1, true],
    ['{"a":[{}]}', 3, false],
    ['{"a":[{}]}', 2, true],
    ['"[[[["', 0, false],
    [String.raw`["\"[[[["]`, 1, false],
    [String.raw`["\\",[]]`, 2, false],
    [String.raw`["\\",[]]`, 1, true],
    ['[],[],[]', 1, false],
  ])('%s exceeds %i: %s', (text, limit, exceeds) => {
    expect(exceedsDepth(text, limit)).toBe(exceeds);
  });

  it('agrees with the depth of the value, whatever the strings hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        const depth = depthOf(JSON.parse(text));
        expect(exceedsDepth(text, depth)).toBe(false);
        expect(exceedsDepth(text, depth - 1)).toBe(depth > 0);
      }),
    );
  });
});
