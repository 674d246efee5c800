import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGenerationRouter } from '../../../../src/routing/difficulty/generation-router.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';
import { countingRandom } from '../../../fakes/clock.ts';

function routerFor(largeShare: number, estimate: () => number | null, seed: number) {
  const { uniform } = createSeededRandom(seed);
  return createGenerationRouter({
    settings: { largeShare },
    engines: ['small', 'middle', 'large'],
    random: { ...countingRandom(), uniform },
    estimate,
  });
}

describe('generation router', () => {
  it('tries the cheap engine first until it has learned, and until it knows its traffic', () => {
    const unlearned = routerFor(1, () => null, 1);
    expect(unlearned.route('p')).toEqual({
      engines: ['small', 'middle', 'large'],
      size: 'small',
      difficulty: null,
    });
    const learned = routerFor(1, () => 0.7, 1);
    const sizes = Array.from({ length: 100 }, () => learned.route('p').size);
    expect(sizes.slice(0, 99)).not.toContain('large');
    expect(learned.route('p')).toEqual({
      engines: ['large', 'middle', 'small'],
      size: 'large',
      difficulty: 0.7,
    });
  });

  it('sends the wished share to the large engine, whatever the difficulties look like', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
        fc.constantFrom(1, 3, 1000),
        (seed, largeShare, levels) => {
          const { integer } = createSeededRandom(seed);
          const router = routerFor(largeShare, () => integer(levels) / levels, seed + 1);
          const sizes = Array.from({ length: 2_100 }, () => router.route('p').size).slice(100);
          const large = sizes.filter((size) => size === 'large').length / sizes.length;
          expect(Math.abs(large - largeShare)).toBeLessThan(0.07);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('sends the hardest there', () => {
    const { uniform } = createSeededRandom(3);
    const router = routerFor(0.2, uniform, 4);
    for (let i = 0; i < 1000; i += 1) router.route('p');
    const routes = Array.from({ length: 500 }, () => router.route('p'));
    for (const { size, difficulty } of routes) {
      if ((difficulty ?? 0) > 0.87) expect(size).toBe('large');
      if ((difficulty ?? 1) < 0.73) expect(size).toBe('small');
    }
  });
});
