import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyHashOf, keyIdOf, keyOf } from '../../../src/domain/api-key.ts';

const id = fc.stringMatching(/^[a-z0-9]{1,32}$/);
const secret = fc.stringMatching(/^[A-Za-z0-9]{20,128}$/);

describe('API keys', () => {
  it('give back the id that they were made with', () => {
    fc.assert(fc.property(id, secret, (name, text) => keyIdOf(keyOf(name, text)) === name));
  });

  it('have no id when anything stands before, after or between', () => {
    const noise = fc.string({ minLength: 1 }).filter((text) => !/^[A-Za-z0-9]*$/.test(text));
    fc.assert(
      fc.property(id, secret, noise, (name, text, odd) => {
        const key = keyOf(name, text);
        return [odd + key, key + odd, `assay_${name}${odd}_${text}`].every((each) => keyIdOf(each) === null);
      }),
    );
  });

  it('are never read out of other texts', () => {
    fc.assert(fc.property(fc.string(), (text) => text.startsWith('assay_') || keyIdOf(text) === null));
  });

  it('are refused when they are made too short or of other letters', () => {
    expect(() => keyOf('k1', 'short')).toThrow('an API key was made of parts that it cannot have');
    expect(() => keyOf('K1', 'a'.repeat(43))).toThrow('an API key was made of parts that it cannot have');
  });

  it('have the hash that sha256sum tells', () => {
    expect(keyHashOf('assay_k1_abcdefghijklmnopqrstuvwxyz012345')).toBe(
      '6047b59327a4d16731f96e622d2a6306f030d90e8d810df044b54d1a6b253c35',
    );
  });
});
