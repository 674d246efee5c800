import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEATURE_NAMES, featuresOf } from '../../../../src/routing/difficulty/features.ts';

function named(item: Parameters<typeof featuresOf>[0]): Record<string, number> {
  const { values } = featuresOf(item);
  return Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, values[i] ?? Infinity]));
}

describe('featuresOf', () => {
  it('sees how alike two responses are', () => {
    const same = 'one two three four five six seven';
    const twins = named({ prompt: 'p', candidates: [same, same] });
    expect(twins).toMatchObject({
      response_word_overlap: 1,
      response_phrase_overlap: 1,
      response_log_ratio: 0,
    });
    // 6 words in both of 8 in all; of the runs of five, 2 in both of 4 in all.
    const near = named({ prompt: 'p', candidates: [same, 'one two three four five six eight'] });
    expect(near['response_word_overlap']).toBe(0.75);
    expect(near['response_phrase_overlap']).toBe(0.5);
  });

  it('sees code, digits, lists, refusals, scripts and what is repeated of the prompt', () => {
    const seen = named({
      prompt: 'Напиши 12',
      candidates: ["I'm sorry, but I can't help.", '- f(x);\n- Напиши'],
    });
    expect(seen['prompt_non_latin']).toBe(1);
    expect(seen['prompt_digits']).toBeCloseTo(2 / 9, 12);
    expect(seen['response_refusals']).toBe(1);
    expect(seen['response_code']).toBeCloseTo(3 / 16 / 2, 12);
    expect(seen['response_list_lines']).toBeCloseTo(Math.log(3) / 2, 12);
    // Words of both: i m sorry but can t help f x напиши, 1 of 10 is in the prompt.
    expect(seen['response_prompt_overlap']).toBeCloseTo(0.1, 12);
    expect(named({ prompt: '日本語 abc', candidates: [] })['prompt_unspaced']).toBe(0.5);
  });

  it('has no value where a prompt has no responses', () => {
    const { values, characters } = featuresOf({
      prompt: [
        { role: 'system', content: 'Be brief and polite to everybody.' },
        { role: 'user', content: 'hello' },
      ],
      candidates: [],
    });
    expect(values.slice(0, 8).every(Number.isFinite)).toBe(true);
    expect(values.slice(8).every(Number.isNaN)).toBe(true);
    expect(characters).toBe(5);
  });

  it('is finite, symmetric in the candidates and bounded for any text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(text, text, text, (prompt, a, b) => {
        const one = featuresOf({ prompt, candidates: [a, b] });
        const other = featuresOf({ prompt, candidates: [b, a] });
        expect(one.values).toHaveLength(19);
        expect(one.values.every(Number.isFinite)).toBe(true);
        one.values.forEach((value, i) => expect(other.values[i]).toBeCloseTo(value, 12));
        expect(one.embedding).toHaveLength(64);
        expect(one.embedding.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
