import { describe, expect, it } from 'vitest';
import { PrefixCache } from '../../../../src/engines/simulator/prefix-cache.ts';

function tokens(length: number, from = 0): number[] {
  return Array.from({ length }, (_, index) => from + index);
}

describe('the prefix cache', () => {
  it('finds whole blocks of 16 again', () => {
    const cache = new PrefixCache(100);
    expect(cache.visit(tokens(68), null)).toEqual({ cached: 0, created: 64 });
    expect(cache.visit(tokens(68), null)).toEqual({ cached: 64, created: 0 });
    expect(cache.visit([...tokens(40), ...tokens(30, 500)], null)).toEqual({ cached: 32, created: 32 });
  });

  it('always computes the last token', () => {
    const cache = new PrefixCache(100);
    cache.visit(tokens(32), null);
    expect(cache.visit(tokens(32), null)).toEqual({ cached: 16, created: 0 });
    expect(cache.visit(tokens(33), null)).toEqual({ cached: 32, created: 0 });
  });

  it('keeps prompts with different salts apart', () => {
    const cache = new PrefixCache(100);
    cache.visit(tokens(40), 'one');
    expect(cache.visit(tokens(40), 'two').cached).toBe(0);
    expect(cache.visit(tokens(40), null).cached).toBe(0);
    expect(cache.visit(tokens(40), 'one').cached).toBe(32);
  });

  it('does not take the same block elsewhere for a hit', () => {
    const cache = new PrefixCache(100);
    cache.visit(tokens(32), null);
    expect(cache.visit([...tokens(16, 900), ...tokens(16, 16), 7], null).cached).toBe(0);
  });

  it('forgets what is not used, keeps what is', () => {
    const cache = new PrefixCache(20);
    cache.visit(tokens(17), null);
    for (let prompt = 1; prompt <= 200; prompt += 1) {
      cache.visit(tokens(17, prompt * 1000), null);
      expect(cache.visit(tokens(17), null).cached).toBe(16);
    }
    expect(cache.visit(tokens(17, 1000), null).cached).toBe(0);
  });
});
