import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  detokenize,
  TokenDecoder,
  tokenize,
  tokenNotation,
} from '../../../../src/engines/simulator/tokenizer.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed()),
  fc
    .array(
      fc.constantFrom(
        ' the',
        ' tie',
        'A',
        ' A',
        '\n',
        'qu',
        '<|im_end|>',
        '<|im',
        'ö',
        '東',
        ' 7',
        '  ',
        'word',
      ),
    )
    .map((parts) => parts.join('')),
);

describe('the tokenizer', () => {
  it('gives every text back', () => {
    fc.assert(
      fc.property(text, (each) => {
        expect(detokenize(tokenize(each))).toBe(each);
      }),
    );
  });

  it('decodes token by token to the same text', () => {
    fc.assert(
      fc.property(text, (each) => {
        const decoder = new TokenDecoder({ skipSpecials: false });
        const parts = tokenize(each).map((token) => decoder.push(token));
        expect(parts.join('') + decoder.end()).toBe(each);
      }),
    );
  });

  it('never lets a token begin within a character of the text before it', () => {
    fc.assert(
      fc.property(text, (each) => {
        const tokens = tokenize(`${each}\n`);
        expect(tokenize(`${each}\nA`)).toEqual([...tokens, ...tokenize('A')]);
        expect(tokenize(`${each}\n A`)).toEqual([...tokens, ...tokenize(' A')]);
      }),
    );
  });

  it.each(['A', ' A', 'B', ' B', 'C', ' C', 'tie', ' tie', ' 1', ' 9', '<think>', ' the', 'qui'])(
    'knows %j as one token',
    (label) => {
      expect(tokenize(label)).toHaveLength(1);
    },
  );

  it('keeps a label with and without its space apart', () => {
    expect(tokenize(' A')).not.toEqual(tokenize('A'));
    expect(tokenize(' tie')).not.toEqual(tokenize('tie'));
  });

  it('reads a word that merely begins like a whole one as its parts', () => {
    expect(tokenize(' tied')).toHaveLength(2);
    expect(tokenize(' there')).toHaveLength(1);
    expect(tokenize(' thereabouts').length).toBeGreaterThan(1);
  });

  it('takes about three to four characters of prose for a token', () => {
    const prose =
      'The small model answers most of the questions, and the large one is asked only when it has to be. ' +
      'Nobody should pay twice for a label that is already known, or wait for one that nobody wants any more.';
    const ratio = prose.length / tokenize(prose).length;
    expect(ratio).toBeGreaterThan(2.8);
    expect(ratio).toBeLessThan(4.5);
  });

  it('gives out a character split over tokens with its last token', () => {
    const decoder = new TokenDecoder({ skipSpecials: true });
    expect(tokenize('§東').map((token) => decoder.push(token))).toEqual(['', '§', '', '', '東']);
  });

  it('writes tokens in the byte-level notation', () => {
    expect(tokenize('sys\n the é').map(tokenNotation)).toEqual(['sys', 'Ċ', 'Ġthe', 'Ġ', 'Ã', '©']);
  });
});
