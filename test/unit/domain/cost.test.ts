import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCosts, priceOf, shareUsage, toUsd } from '../../../src/domain/cost.ts';

const tokenPrice = {
  by: 'token',
  inputPerMtokUsd: 0.5,
  cachedInputPerMtokUsd: 0.1,
  outputPerMtokUsd: 2,
} as const;

describe('priceOf', () => {
  it('prices fresh, cached and output tokens apart', () => {
    // 200 fresh x 0.5 + 800 cached x 0.1 + 3 x 2 = 186 dollars per million calls = 186,000 nano-dollars
    expect(priceOf(tokenPrice, { inputTokens: 1000, cachedInputTokens: 800, outputTokens: 3 }, 9)).toBe(
      186_000,
    );
  });

  it('prices engine seconds of all GPUs of a replica', () => {
    const price = { by: 'gpuHour', gpuHourUsd: 3.6, gpus: 2 } as const;
    // 3.6 dollars an hour is 0.001 a second; half a second on two GPUs
    expect(priceOf(price, { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 }, 0.5)).toBe(1_000_000);
  });

  it('is a whole number of nano-dollars', () => {
    const count = fc.nat({ max: 200_000 });
    fc.assert(
      fc.property(count, count, fc.double({ min: 0, max: 50, noNaN: true }), (fresh, cached, usd) => {
        const usage = { inputTokens: fresh + cached, cachedInputTokens: cached, outputTokens: 1 };
        const price = {
          by: 'token',
          inputPerMtokUsd: usd,
          cachedInputPerMtokUsd: usd / 2,
          outputPerMtokUsd: usd,
        } as const;
        return Number.isSafeInteger(priceOf(price, usage, 0));
      }),
    );
  });
});

describe('addCosts', () => {
  it('adds money, tokens and seconds', () => {
    const one = {
      nanoUsd: 5,
      engineSeconds: 0.25,
      usage: { inputTokens: 3, cachedInputTokens: 2, outputTokens: 1 },
    };
    expect(addCosts([one, one, one])).toEqual({
      nanoUsd: 15,
      engineSeconds: 0.75,
      usage: { inputTokens: 9, cachedInputTokens: 6, outputTokens: 3 },
    });
    expect(addCosts([])).toEqual({
      nanoUsd: 0,
      engineSeconds: 0,
      usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
    });
  });

  it('shows dollars', () => {
    expect(toUsd(41_000)).toBe(0.000041);
  });
});

describe('shareUsage', () => {
  it('shares by weight, in whole tokens, the output evenly', () => {
    const usage = { inputTokens: 100, cachedInputTokens: 30, outputTokens: 4 };
    expect(shareUsage(usage, [1, 2, 1, 1])).toEqual([
      { inputTokens: 20, cachedInputTokens: 6, outputTokens: 1 },
      { inputTokens: 40, cachedInputTokens: 12, outputTokens: 1 },
      { inputTokens: 20, cachedInputTokens: 6, outputTokens: 1 },
      { inputTokens: 20, cachedInputTokens: 6, outputTokens: 1 },
    ]);
  });

  it('adds up to the whole, with no share below 0 and no more cached tokens than input tokens', () => {
    const tokens = fc.nat({ max: 300_000 });
    const weights = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 128 });
    fc.assert(
      fc.property(tokens, tokens, fc.nat({ max: 200 }), weights, (fresh, cached, outputTokens, sizes) => {
        const whole = { inputTokens: fresh + cached, cachedInputTokens: cached, outputTokens };
        const shares = shareUsage(whole, sizes);
        expect(shares).toHaveLength(sizes.length);
        const sum = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };
        for (const [place, share] of shares.entries()) {
          expect(Object.values(share).every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
          expect(share.cachedInputTokens).toBeLessThanOrEqual(share.inputTokens);
          sum.inputTokens += share.inputTokens;
          sum.cachedInputTokens += share.cachedInputTokens;
          sum.outputTokens += share.outputTokens;
          const exact =
            (whole.inputTokens * (sizes[place] ?? 0)) / sizes.reduce((total, size) => total + size, 0);
          expect(Math.abs(share.inputTokens - exact)).toBeLessThan(2);
        }
        expect(sum).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});
