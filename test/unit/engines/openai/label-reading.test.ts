import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLabels } from '../../../../src/engines/openai/label-reading.ts';
import { createLabelSet, type LabelSet } from '../../../../src/engines/label-set.ts';

/** Labels `first` (tokens 38 and 431) and `second` (39 and 534). */
const BY_ID = setOf('id', { first: [38, 431], second: [39, 534] });
const BY_TEXT = setOf('text', { first: ['A', ' A'], second: ['B', ' B'] });

function setOf(keyedBy: 'id' | 'text', tokens: Record<string, (number | string)[]>): LabelSet {
  const built = createLabelSet(keyedBy, tokens);
  if (!built.ok) throw new Error('the labels clash');
  return built.set;
}

type Entry = readonly [token: string, logprob: unknown];

function position(sampled: Entry, listed: readonly Entry[]): unknown {
  const entry = ([token, logprob]: Entry): Record<string, unknown> => ({ token, logprob, bytes: null });
  return { ...entry(sampled), top_logprobs: listed.map(entry) };
}

const id = (n: number, probability: number): Entry => [`token_id:${n}`, Math.log(probability)];

describe('reading label probabilities', () => {
  it('sums the tokens of a label, in whatever order they are listed', () => {
    const listed = [id(534, 0.05), id(38, 0.5), id(431, 0.25), id(39, 0.125)];
    const reading = readLabels(BY_ID, 'label_ids', position(id(38, 0.5), listed));
    expect(reading).toMatchObject({ ok: true, missing: 0, distribution: { route: 'label_ids' } });
    if (!reading.ok) return;
    const { labels, mass } = reading.distribution;
    expect(labels['first']?.probability).toBeCloseTo(0.75, 12);
    expect(labels['first']?.atMost).toBe(labels['first']?.probability);
    expect(labels['second']?.probability).toBeCloseTo(0.175, 12);
    expect(mass).toBeCloseTo(0.925, 12);
  });

  it('counts the sampled token once, listed or not', () => {
    const unlisted = readLabels(BY_ID, 'top_logprobs', position(id(38, 0.5), [id(39, 0.3)]));
    const listed = readLabels(BY_ID, 'top_logprobs', position(id(38, 0.5), [id(38, 0.5), id(39, 0.3)]));
    for (const reading of [unlisted, listed]) {
      expect(reading.ok && reading.distribution.labels['first']?.probability).toBeCloseTo(0.5, 12);
    }
  });

  it('bounds a missing token by the least one of a top list and by what is left over', () => {
    const byLeast = readLabels(
      BY_ID,
      'top_logprobs',
      position(id(38, 0.5), [id(38, 0.5), id(431, 0.2), id(39, 0.1), id(7, 0.02)]),
    );
    expect(byLeast).toMatchObject({ ok: true, missing: 1 });
    if (!byLeast.ok) return;
    expect(byLeast.distribution.labels['second']?.probability).toBeCloseTo(0.1, 12);
    expect(byLeast.distribution.labels['second']?.atMost).toBeCloseTo(0.12, 12);
    const byRest = readLabels(BY_ID, 'top_logprobs', position(id(7, 0.5), [id(7, 0.5), id(8, 0.45)]));
    if (!byRest.ok) throw new Error('not read');
    expect(byRest.distribution.labels['first']).toEqual({ probability: 0, atMost: expect.closeTo(0.05, 12) });
    expect(byRest.distribution.mass).toBe(0);
  });

  it('takes no bound from a sampled token that was itself unlikely', () => {
    const listed = [id(9, 0.001), id(38, 0.4), id(39, 0.3)];
    const reading = readLabels(BY_ID, 'top_logprobs', position(id(9, 0.001), listed));
    if (!reading.ok) throw new Error('not read');
    // 431 may have as much as the least of the likely ones, or all of what is left: 0.299.
    expect(reading.distribution.labels['first']?.atMost).toBeCloseTo(0.4 + 0.299, 9);
  });

  it('does not take the least of asked-for ids as a bound', () => {
    const reading = readLabels(BY_ID, 'label_ids', position(id(38, 0.6), [id(38, 0.6), id(39, 0.001)]));
    if (!reading.ok) throw new Error('not read');
    expect(reading.missing).toBe(2);
    expect(reading.distribution.labels['first']?.atMost).toBeCloseTo(0.6 + 0.399, 9);
  });

  it('reads -9999 as zero', () => {
    const listed: Entry[] = [
      id(38, 1),
      ['token_id:431', -9999],
      ['token_id:39', -9999],
      ['token_id:534', -9999],
    ];
    const reading = readLabels(BY_ID, 'label_ids', position(id(38, 1), listed));
    expect(reading).toMatchObject({
      ok: true,
      distribution: { mass: 1, labels: { first: { probability: 1 }, second: { probability: 0, atMost: 0 } } },
    });
  });

  it.each([
    ['null', null],
    ['a string', '-0.5'],
    ['a logit', 12.5],
    ['nothing', undefined],
  ])('calls %s in place of a log-probability corrupt', (_, value) => {
    const reading = readLabels(BY_ID, 'label_ids', position(id(38, 0.5), [['token_id:39', value]]));
    expect(reading).toMatchObject({ ok: false, failure: { code: 'engine_corrupt', blamesReplica: true } });
  });

  it('calls probabilities that add up to more than 1 corrupt', () => {
    const reading = readLabels(BY_ID, 'top_logprobs', position(id(38, 0.7), [id(39, 0.7)]));
    expect(reading).toMatchObject({ ok: false, failure: { code: 'engine_corrupt' } });
  });

  it('says so when the list is not there', () => {
    const alone = readLabels(BY_ID, 'label_ids', { token: 'token_id:38', logprob: -0.1 });
    expect(alone).toMatchObject({ ok: false, failure: { code: 'engine_rejected' } });
    const odd = readLabels(BY_ID, 'label_ids', { token: 'token_id:38', logprob: -0.1, top_logprobs: 'x' });
    expect(odd).toMatchObject({ ok: false, failure: { code: 'engine_error' } });
  });

  it('finds tokens by their bytes, which an engine may print differently', () => {
    const listed = [
      { token: 'Ġ A', logprob: Math.log(0.25), bytes: [32, 65] },
      { token: 'B', logprob: Math.log(0.125) },
    ];
    const at = { token: 'A', logprob: Math.log(0.5), bytes: [65], top_logprobs: listed };
    const reading = readLabels(BY_TEXT, 'top_logprobs', at);
    if (!reading.ok) throw new Error('not read');
    expect(reading.distribution.labels['first']?.probability).toBeCloseTo(0.75, 12);
    expect(reading.distribution.labels['second']?.probability).toBeCloseTo(0.125, 12);
  });

  it('always encloses the truth', () => {
    const vocabulary = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), {
      minLength: 6,
      maxLength: 40,
    });
    fc.assert(
      fc.property(vocabulary, fc.nat(39), fc.integer({ min: 2, max: 20 }), (weights, pick, k) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const truth = weights.map((weight) => weight / total);
        const set = setOf('id', { first: [0, 1], second: [2, 3] });
        const sampled = pick % truth.length;
        // As vLLM lists: the sampled token first, then the most likely ones, k entries in all.
        const ranked = truth.map((_, token) => token).sort((x, y) => truth[y]! - truth[x]!);
        const list = [sampled, ...ranked.filter((token) => token !== sampled)].slice(0, k);
        const listed = list.map((token) => id(token, truth[token]!));
        const reading = readLabels(set, 'top_logprobs', position(id(sampled, truth[sampled]!), listed));
        if (!reading.ok) throw new Error('not read');
        const { labels } = reading.distribution;
        for (const [name, tokens] of [
          ['first', [0, 1]],
          ['second', [2, 3]],
        ] as const) {
          const p = truth[tokens[0]]! + truth[tokens[1]]!;
          expect(labels[name]!.probability).toBeLessThanOrEqual(p + 1e-9);
          expect(labels[name]!.atMost).toBeGreaterThanOrEqual(p - 1e-9);
        }
      }),
    );
  });
});

describe('label sets', () => {
  it('refuses a token that two labels claim', () => {
    expect(createLabelSet('id', { first: [38, 39], second: [39] })).toEqual({
      ok: false,
      clash: ['first', 'second'],
    });
  });

  it('counts a token once when two spellings of a label are the same one', () => {
    const built = createLabelSet('id', { first: [38, 38], second: [39] });
    expect(built).toMatchObject({ ok: true, set: { counts: [1, 1] } });
  });
});
