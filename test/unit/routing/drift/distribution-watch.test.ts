import { describe, expect, it } from 'vitest';
import { createDistributionWatch } from '../../../../src/routing/drift/distribution-watch.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';

describe('distribution watch', () => {
  it.each([100, 500])('is quiet on values like the %i before, and sees them move', (before) => {
    let alarms = 0;
    let seen = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const { uniform } = createSeededRandom(seed);
      const watch = createDistributionWatch(Array.from({ length: before }, uniform));
      const watched = (count: number, power: number) =>
        Array.from({ length: count }, () => watch.observe(uniform() ** power)).filter(
          (shift) => shift !== null,
        );
      alarms += watched(5_000, 1).length > 0 ? 1 : 0;
      seen += watched(1_000, 2).length > 0 ? 1 : 0;
    }
    expect(alarms).toBeLessThanOrEqual(1);
    expect(seen).toBeGreaterThanOrEqual(58);
  });

  it('learns from the first 500 where nothing is given', () => {
    const watch = createDistributionWatch();
    const shifts = Array.from({ length: 1_000 }, (_, i) => watch.observe(i < 500 ? i / 500 : 1 + i / 500));
    expect(shifts.findIndex((shift) => shift !== null)).toBe(999);
    expect(shifts.at(-1)).toMatchObject({ gap: 1 });
  });
});
