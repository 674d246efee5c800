import { describe, expect, it } from 'vitest';
import { createLooks } from '../../../src/routing/looks.ts';

describe('looks for a certificate', () => {
  it('come at doubling sizes, and together spend no more than the failure probability', () => {
    const looks = createLooks({ agreement: 0.95, confidence: 0.9 }, 1);
    const sizes: number[] = [];
    let spent = 0;
    for (let look = 0; look < 6; look += 1) {
      sizes.push(looks.next());
      spent += 1 / looks.take().sharedBy;
    }
    expect(sizes).toEqual([100, 200, 400, 800, 1_600, 3_200]);
    expect(spent).toBeLessThan(1);
    expect(spent).toBeCloseTo(0.984375, 12);
  });

  it('wait for as many as the target needs without one error', () => {
    // ln(.05 / 1) / ln(.99) = 298.07
    expect(createLooks({ agreement: 0.99, confidence: 0.9 }, 1).next()).toBe(299);
  });

  it('wait for what a look said that it needs', () => {
    const looks = createLooks({ agreement: 0.95, confidence: 0.9 }, 1);
    looks.take();
    looks.waitFor(260);
    expect(looks.next()).toBe(260);
    looks.waitFor(10);
    expect(looks.next()).toBe(260);
  });
});
