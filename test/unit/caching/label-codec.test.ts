import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLabel, decodeTags, encodeLabel } from '../../../src/caching/redis/label-codec.ts';
import { withoutCost } from '../../../src/caching/stored-result.ts';
import { labelledResult } from '../../fakes/routing-results.ts';

const tags = { judges: ['quick', 'jdg_1'], rubric: 'harmless@1', policy: 'default', team: 'x' };
const label = { result: withoutCost(labelledResult(0.9, 0.1)), order: 'ba', tags } as const;
const sealed = { label, until: 1_700_000_000_000.5 };

describe('a label as Redis holds it', () => {
  it('comes back as it was, and tells its tags from its beginning', () => {
    const value = encodeLabel('key', sealed);
    expect(decodeLabel('key', value)).toEqual(sealed);
    expect(decodeTags(value.slice(0, 200))).toEqual(tags);
  });

  it('is none under another key', () => {
    expect(decodeLabel('other', encodeLabel('key', sealed))).toBeNull();
  });

  it('is none with any character of it changed, missing or added', () => {
    const value = encodeLabel('key', sealed);
    fc.assert(
      fc.property(
        fc.nat(value.length - 1),
        fc.constantFrom('', '0', '9', 'x', '"', ' ', '\n'),
        (at, other) => {
          fc.pre(value[at] !== other);
          expect(decodeLabel('key', value.slice(0, at) + other + value.slice(at + 1))).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is none for texts of others', () => {
    for (const text of ['', '{}', 'null', 'x y', ' \n', 'L fly_1', encodeLabel('key', sealed).slice(0, -1)]) {
      expect(decodeLabel('key', text)).toBeNull();
      expect(() => decodeTags(text)).not.toThrow();
    }
  });
});
