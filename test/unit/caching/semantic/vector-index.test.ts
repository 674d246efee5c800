import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ngramVectorOf } from '../../../../src/caching/semantic/ngram-embedder.ts';
import { type Probe, VectorIndex } from '../../../../src/caching/semantic/vector-index.ts';

function probeOf([prompt, first, second]: [string, string, string], guard = 1): Probe {
  return {
    prompt: ngramVectorOf(prompt),
    first: ngramVectorOf(first),
    second: ngramVectorOf(second),
    guard,
  };
}

const GRAVITY: [string, string, string] = [
  'Please explain to a child of primary school age what gravity is and why apples fall to the ground',
  'Gravity is a pull between all things; the earth is large, so that it pulls the apple down to itself',
  'Apples are fruit that grow on trees in most gardens of the country and taste best in early autumn',
];

describe('the index of similar items', () => {
  it('finds the item of nearly the same words, and no other', () => {
    const index = new VectorIndex<string>(128, 100);
    index.add(probeOf(GRAVITY), 'gravity');
    index.add(probeOf(['How do I bake bread at home', 'With flour and yeast', 'Buy it instead']), 'bread');
    const asked: [string, string, string] = [`${GRAVITY[0]} today`, GRAVITY[1], GRAVITY[2]];
    const found = index.nearest(probeOf(asked), 0.9);
    expect(found?.entry).toBe('gravity');
    expect(found?.similarity).toBeGreaterThan(0.9);
    expect(found?.similarity).toBeLessThan(1);
    expect(index.nearest(probeOf(['What is the capital of France', 'Paris', 'London']), 0.9)).toBeNull();
  });

  it('finds nothing under another guard, and nothing for exchanged candidates', () => {
    const index = new VectorIndex<string>(128, 100);
    index.add(probeOf(GRAVITY), 'gravity');
    expect(index.nearest(probeOf(GRAVITY, 2), 0.5)).toBeNull();
    const [prompt, first, second] = GRAVITY;
    expect(index.nearest(probeOf([prompt, second, first]), 0.5)).toBeNull();
    // Candidates so alike that each is near to both: exchanged they must not pass either.
    const alike: [string, string, string] = [prompt, first, `${first} always`];
    index.add(probeOf(alike), 'alike');
    expect(index.nearest(probeOf(alike), 0.9)?.entry).toBe('alike');
    expect(index.nearest(probeOf([prompt, alike[2], alike[1]]), 0.9)?.entry).not.toBe('alike');
    expect(index.nearest(probeOf([prompt, first, first]), 0.9)).toBeNull();
  });

  it('forgets the oldest when it is full, and what it is told to', () => {
    const index = new VectorIndex<number>(128, 3);
    const items = ['first', 'second', 'third', 'fourth', 'fifth'].map((word) =>
      probeOf([`${word} question`, `${word} good answer`, `${word} bad reply`]),
    );
    for (const [i, item] of items.entries()) index.add(item, i);
    expect([...index.entries].toSorted()).toEqual([2, 3, 4]);
    index.keep((entry) => entry !== 3);
    const found = items.map((item) => index.nearest(item, 0.99)?.entry ?? null);
    expect(found).toEqual([null, null, 2, null, 4]);
    for (const [i, item] of items.entries()) index.add(item, 10 + i);
    expect([...index.entries].toSorted()).toEqual([12, 13, 14]);
  });

  it('finds what comparing with every entry finds', () => {
    const unit = fc
      .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
      .map((values) => {
        const length = Math.hypot(...values);
        return Float32Array.from(length > 1e-6 ? values.map((value) => value / length) : [1, 0, 0, 0]);
      });
    const probes = fc.record({ prompt: unit, first: unit, second: unit, guard: fc.constantFrom(1, 2) });
    const dot = (x: Float32Array, y: Float32Array) =>
      x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
    const likeness = (x: Probe, y: Probe) =>
      Math.min(dot(x.prompt, y.prompt), dot(x.first, y.first), dot(x.second, y.second));
    fc.assert(
      fc.property(fc.array(probes, { maxLength: 80 }), probes, (rows, probe) => {
        const index = new VectorIndex<Probe>(4, 100);
        for (const row of rows) index.add(row, row);
        const near = rows.filter((row) => row.guard === probe.guard && likeness(row, probe) >= 0.3);
        const most = Math.max(-1, ...near.map((row) => likeness(row, probe)));
        const found = index.nearest(probe, 0.3);
        if (near.length === 0) expect(found).toBeNull();
        if (found !== null) expect(found.similarity).toBeCloseTo(most, 5);
      }),
    );
  });
});
