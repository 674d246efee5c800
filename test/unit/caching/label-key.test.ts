import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelKeyOf, type LabelScope } from '../../../src/caching/label-key.ts';
import type { Item } from '../../../src/domain/item.ts';

interface Asked {
  readonly scope: LabelScope;
  readonly item: Item;
}

/** Text that looks like the separators of encodings, lone surrogates and NUL included. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(fc.constantFrom('"', '\\', ',', '[', ']', '\u0000', 'a', '\uD800', 'é', 'e\u0301'), {
      maxLength: 8,
    })
    .map((units) => units.join('')),
);
const messages = fc.array(fc.record({ role: text, content: text }), { minLength: 1, maxLength: 3 });
const asked: fc.Arbitrary<Asked> = fc.record({
  scope: fc.record({ team: text, promise: text, stratum: text }),
  item: fc.record({
    id: fc.constant('i'),
    prompt: fc.oneof(text, messages),
    candidates: fc.tuple(text, text),
    rubric: fc.option(fc.record({ id: text, text }), { nil: undefined }),
    metadata: fc.constant({}),
  }),
});

const FIELDS: readonly ((one: Asked, other: Asked) => Asked)[] = [
  (one, { scope }) => ({ ...one, scope: { ...one.scope, team: scope.team } }),
  (one, { scope }) => ({ ...one, scope: { ...one.scope, promise: scope.promise } }),
  (one, { scope }) => ({ ...one, scope: { ...one.scope, stratum: scope.stratum } }),
  (one, { item }) => ({ ...one, item: { ...one.item, prompt: item.prompt } }),
  (one, { item }) => ({ ...one, item: { ...one.item, rubric: item.rubric } }),
  (one, { item }) => ({
    ...one,
    item: { ...one.item, candidates: [item.candidates[0] ?? '', one.item.candidates[1] ?? ''] },
  }),
  // The same texts cut apart elsewhere: a field's end moved into the next field.
  (one) => ({
    scope: { ...one.scope, team: one.scope.team + one.scope.promise, promise: '' },
    item: one.item,
  }),
  (one) => ({ ...one, item: { ...one.item, prompt: JSON.stringify(one.item.prompt) } }),
  (one) => ({
    ...one,
    item: { ...one.item, prompt: [{ role: 'user', content: JSON.stringify(one.item.prompt) }] },
  }),
];

/** What decides about equality, spelled out field by field and free of any encoding. */
function isSame(one: Asked, other: Asked): boolean {
  const sameTexts = (xs: readonly string[], ys: readonly string[]): boolean =>
    xs.length === ys.length && xs.every((x, i) => x === ys[i]);
  const turns = ({ prompt }: Item): string[] =>
    typeof prompt === 'string' ? [prompt] : prompt.flatMap(({ role, content }) => [role, content]);
  const [a, b] = [one.item, other.item];
  return (
    sameTexts(Object.values(one.scope), Object.values(other.scope)) &&
    typeof a.prompt === typeof b.prompt &&
    sameTexts(turns(a), turns(b)) &&
    a.rubric?.id === b.rubric?.id &&
    a.rubric?.text === b.rubric?.text &&
    sameTexts(a.candidates.toSorted(), b.candidates.toSorted())
  );
}

describe('the key of a label', () => {
  it('is shared by two requests exactly when nothing that decides differs, over 100,000 pairs that do', () => {
    let pairs = 0;
    let different = 0;
    const check = (one: Asked, changed: Asked): void => {
      const same = isSame(one, changed);
      pairs += 1;
      if (!same) different += 1;
      const [key, other] = [labelKeyOf(one.scope, one.item), labelKeyOf(changed.scope, changed.item)];
      if ((key.pair === other.pair) !== same) throw new Error(same ? 'two keys' : 'one key');
    };
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        for (const change of FIELDS) check(one, change(one, other));
      }),
      { numRuns: 14_500 },
    );
    expect(pairs).toBeGreaterThan(100_000);
    expect(different).toBeGreaterThan(100_000);
  });

  it('is one for both arrangements of the candidates, and tells them apart', () => {
    const scope = { team: 't', promise: 'p', stratum: 'all' };
    const item: Item = { id: 'i', prompt: 'q', candidates: ['x', 'y'], rubric: undefined, metadata: {} };
    const one = labelKeyOf(scope, item);
    const other = labelKeyOf(scope, { ...item, id: 'j', candidates: ['y', 'x'], metadata: { of: 1 } });
    expect(other.pair).toBe(one.pair);
    expect([one.order, other.order]).toEqual(['ab', 'ba']);
    expect(other.arranged).not.toBe(one.arranged);
  });
});
