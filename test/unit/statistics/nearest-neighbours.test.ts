import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNeighbourMemory } from '../../../src/statistics/nearest-neighbours.ts';

describe('nearest neighbours', () => {
  it('has nothing to say before the first row', () => {
    const memory = createNeighbourMemory({ dimensions: 2, capacity: 3, metric: 'cosine' });
    expect(memory.mean([1, 0], 10)).toBeUndefined();
    expect(() => memory.add([1], 0)).toThrow('a vector of 1 numbers where 2 are kept');
  });

  it('compares directions or places', () => {
    const rows: [number[], number][] = [
      [[10, 0], 1],
      [[0, 1], 0],
    ];
    const cosine = createNeighbourMemory({ dimensions: 2, capacity: 5, metric: 'cosine' });
    const euclidean = createNeighbourMemory({ dimensions: 2, capacity: 5, metric: 'euclidean' });
    for (const [vector, value] of rows) {
      cosine.add(vector, value);
      euclidean.add(vector, value);
    }
    expect(cosine.mean([1, 0.5], 1)).toEqual({ mean: 1, count: 1, distance: expect.closeTo(0.105573, 5) });
    expect(euclidean.mean([1, 0.5], 1)).toEqual({ mean: 0, count: 1, distance: expect.closeTo(1.25, 6) });
  });

  it('forgets the oldest row first', () => {
    const memory = createNeighbourMemory({ dimensions: 1, capacity: 2, metric: 'euclidean' });
    for (const value of [100, 2, 4]) memory.add([0], value);
    expect(memory.size).toBe(2);
    expect(memory.mean([0], 10)).toEqual({ mean: 3, count: 2, distance: 0 });
  });

  it('finds the same distances as sorting all rows', () => {
    const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(vector, { minLength: 1, maxLength: 60 }),
        vector,
        fc.integer({ min: 1, max: 20 }),
        (rows, query, k) => {
          const memory = createNeighbourMemory({ dimensions: 3, capacity: 100, metric: 'euclidean' });
          const far = (row: number[]): number => row.reduce((sum, x, j) => sum + (x - query[j]!) ** 2, 0);
          for (const row of rows) memory.add(row, far(row));
          const nearest = rows
            .map(far)
            .toSorted((a, b) => a - b)
            .slice(0, k);
          const expected = nearest.reduce((a, b) => a + b, 0) / nearest.length;
          const found = memory.mean(query, k)!;
          expect(found.mean).toBeCloseTo(expected, 6);
          expect(found.distance).toBeCloseTo(expected, 6);
        },
      ),
      { seed: 12, numRuns: 100 },
    );
  });
});
