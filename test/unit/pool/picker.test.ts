import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../../src/domain/text-hash.ts';
import { type Candidate, createPicker } from '../../../src/pool/picker.ts';
import { seededRandom } from '../../fakes/pool.ts';

function candidate(
  name: string,
  traits: Partial<Record<'cost' | 'requests' | 'others', number>> & {
    ejected?: boolean;
    refusal?: 'breaker' | 'limit';
    usable?: boolean;
  } = {},
): Candidate {
  return {
    name,
    hash: hashOf(name),
    isUsable: () => traits.usable ?? true,
    isEjected: () => traits.ejected ?? false,
    refusal: () => traits.refusal ?? null,
    requests: () => traits.requests ?? 0,
    others: () => traits.others ?? 0,
    cost: () => traits.cost ?? 1,
  };
}

const namesOf = (picks: readonly { candidate: Candidate | null }[]) =>
  picks.map((pick) => pick.candidate?.name);

describe('the picker', () => {
  it('says why there is none', () => {
    const pickOf = (...all: Candidate[]) => createPicker(() => all, seededRandom(1))([], undefined).reason;
    expect(pickOf()).toBe('unready');
    expect(pickOf(candidate('a', { usable: false }))).toBe('unready');
    expect(pickOf(candidate('a', { refusal: 'breaker' }))).toBe('failing');
    expect(pickOf(candidate('a', { refusal: 'breaker' }), candidate('b', { refusal: 'limit' }))).toBe('busy');
  });

  it('ignores ejections when most are ejected, and only then', () => {
    const one = [candidate('a', { ejected: true }), candidate('b')];
    const pick = createPicker(() => one, seededRandom(1));
    expect(new Set(namesOf(Array.from({ length: 20 }, () => pick([], undefined))))).toEqual(new Set(['b']));
    const most = [candidate('a', { ejected: true }), candidate('b', { ejected: true }), candidate('c')];
    const panic = createPicker(() => most, seededRandom(1));
    expect(new Set(namesOf(Array.from({ length: 60 }, () => panic([], undefined))))).toEqual(
      new Set(['a', 'b', 'c']),
    );
  });

  it('takes a replica to avoid only when there is no other', () => {
    const all = [candidate('a'), candidate('b', { refusal: 'breaker' })];
    expect(namesOf([createPicker(() => all, seededRandom(1))(['a'], undefined)])).toEqual(['a']);
    const free = [candidate('a'), candidate('b')];
    expect(createPicker(() => free, seededRandom(1))(['a'], undefined)).toMatchObject({
      candidate: { name: 'b' },
      reason: 'only one left',
    });
  });

  it('never takes the dearest of several, and shares equals out evenly', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 8 }), (seed, size) => {
        const dear = Array.from({ length: size }, (_, i) => candidate(`r${i}`, { cost: i }));
        const pick = createPicker(() => dear, seededRandom(seed));
        const picks = namesOf(Array.from({ length: 50 }, () => pick([], undefined)));
        expect(picks).not.toContain(`r${size - 1}`);
        const equal = Array.from({ length: size }, (_, i) => candidate(`r${i}`));
        const even = createPicker(() => equal, seededRandom(seed));
        const counts = new Map<string | undefined, number>();
        for (const name of namesOf(Array.from({ length: 400 * size }, () => even([], undefined))))
          counts.set(name, (counts.get(name) ?? 0) + 1);
        // 400 each on average; five standard deviations are below 100.
        for (let i = 0; i < size; i += 1)
          expect(Math.abs((counts.get(`r${i}`) ?? 0) - 400)).toBeLessThan(100);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps a key on its replica, and moves only the keys of one that goes away', () => {
    const all = ['a', 'b', 'c', 'd'].map((name) => candidate(name));
    const keys = Array.from({ length: 400 }, (_, i) => `rubric ${i}`);
    const before = namesOf(keys.map((key) => createPicker(() => all, seededRandom(1))([], key)));
    const after = namesOf(keys.map((key) => createPicker(() => all.slice(0, 3), seededRandom(2))([], key)));
    expect(before.filter((name, i) => name !== 'd' && after[i] !== name)).toEqual([]);
    for (const name of ['a', 'b', 'c', 'd'])
      expect(before.filter((each) => each === name).length).toBeGreaterThan(60);
  });

  it('hands a key on when its replica has much more to do than the mean', () => {
    const first = createPicker(() => ['a', 'b', 'c'].map((name) => candidate(name)), seededRandom(1))(
      [],
      'key',
    );
    expect(first.reason).toBe('affinity');
    const loaded = ['a', 'b', 'c'].map((name) =>
      candidate(name, { requests: name === first.candidate?.name ? 9 : 0 }),
    );
    const next = createPicker(() => loaded, seededRandom(1))([], 'key');
    expect(next.candidate?.name).not.toBe(first.candidate?.name);
    expect(next.reason).toBe('affinity, 1 in rank full');
  });
});
