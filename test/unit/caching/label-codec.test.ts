import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTags, labelCodec, scoreCodec } from '../../../src/caching/redis/label-codec.ts';
import { withoutCost } from '../../../src/caching/stored-result.ts';
import { labelledResult } from '../../fakes/routing-results.ts';

const tags = { judges: ['quick', 'jdg_1'], rubric: 'harmless@1', policy: 'default', team: 'x' };
const label = { result: withoutCost(labelledResult(0.9, 0.1)), order: 'ba', tags } as const;
const sealed = { label, until: 1_700_000_000_000.5 };

describe('a label as Redis holds it', () => {
  it('comes back as it was, and tells its tags from its beginning', () => {
    const value = labelCodec.encode('key', sealed);
    expect(labelCodec.decode('key', value)).toEqual(sealed);
    expect(decodeTags(value.slice(0, 200))).toEqual(tags);
  });

  it('is none under another key', () => {
    expect(labelCodec.decode('other', labelCodec.encode('key', sealed))).toBeNull();
  });

  it('is none with any character of it changed, missing or added', () => {
    const value = labelCodec.encode('key', sealed);
    fc.assert(
      fc.property(
        fc.nat(value.length - 1),
        fc.constantFrom('', '0', '9', 'x', '"', ' ', '\n'),
        (at, other) => {
          fc.pre(value[at] !== other);
          expect(labelCodec.decode('key', value.slice(0, at) + other + value.slice(at + 1))).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is none for texts of others', () => {
    for (const text of [
      '',
      '{}',
      'null',
      'x y',
      ' \n',
      'L fly_1',
      labelCodec.encode('key', sealed).slice(0, -1),
    ]) {
      expect(labelCodec.decode('key', text)).toBeNull();
      expect(() => decodeTags(text)).not.toThrow();
    }
  });
});

describe('a score as Redis holds it', () => {
  const { end, ...rest } = label.result;
  if (end.type !== 'accepted') throw new Error('the label was accepted');
  const read = { criterion: 'harm', scale: { min: 1, max: 2 }, expected: 1.25, score: 0.25 };
  const criteria = [{ ...read, probabilities: [0.75, 0.25], confidence: 0.5, labelMass: 1, censored: false }];
  const judgment = { key: end.judgment.key, score: 0.25, confidence: 0.5, criteria, flags: [] };
  const score = { result: { ...rest, end: { ...end, judgment } }, tags };

  it('comes back as it was, and is found by its tags', () => {
    const value = scoreCodec.encode('key', { label: score, until: 5 });
    expect(scoreCodec.decode('key', value)).toEqual({ label: score, until: 5 });
    expect(decodeTags(value.slice(0, 200))).toEqual(tags);
  });

  it('is no label, and a label is no score', () => {
    expect(labelCodec.decode('key', scoreCodec.encode('key', { label: score, until: 5 }))).toBeNull();
    expect(scoreCodec.decode('key', labelCodec.encode('key', sealed))).toBeNull();
  });
});
