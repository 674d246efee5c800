import { WORDS } from './words.ts';

/**
 * The toy model's vocabulary, computed and invertible: specials, the 256 bytes, a space with one letter or
 * digit, whole words with their space, and runs of two or three lower-case letters. `A` and ` A` are
 * different tokens, as they are for real models, and text in prose takes three to four characters a token.
 */
export const SPECIAL_TOKENS = [
  '<|begin_of_text|>',
  '<|end_of_text|>',
  '<|im_start|>',
  '<|im_end|>',
  '<think>',
  '</think>',
] as const;

export const BEGIN_OF_TEXT = 0;
export const END_OF_TEXT = 1;
export const TURN_END = 3;

const LETTERS = 26;
export const BYTE_BASE = SPECIAL_TOKENS.length;
export const SPACE_UPPER_BASE = BYTE_BASE + 256;
export const SPACE_DIGIT_BASE = SPACE_UPPER_BASE + LETTERS;
export const SPACE_LOWER_BASE = SPACE_DIGIT_BASE + 10;
export const WORD_BASE = SPACE_LOWER_BASE + LETTERS;
/** The words that are one token with their space: the label ` tie` and what the model writes. */
const WHOLE_WORDS: readonly string[] = ['tie', ...WORDS];
export const PAIR_BASE = WORD_BASE + WHOLE_WORDS.length;
export const SPACE_PAIR_BASE = PAIR_BASE + LETTERS ** 2;
export const TRIPLE_BASE = SPACE_PAIR_BASE + LETTERS ** 2;
export const VOCABULARY_SIZE = TRIPLE_BASE + LETTERS ** 3;

/** The longest whole word, in letters; `wordKey` stays an exact integer up to 11. */
export const LONGEST_WORD = 9;

/** Ids of the words that the toy model writes, in one run. */
export const WRITTEN_WORDS = { first: WORD_BASE + 1, count: WORDS.length } as const;

/** One more lower-case letter (0 to 25) of a word, read as a number of base 27. */
export function wordKey(key: number, letter: number): number {
  return key * 27 + letter + 1;
}

const LOWER_A = 97;

const wordIds: ReadonlyMap<number, number> = new Map(
  WHOLE_WORDS.map((word, index) => [keyOf(word), WORD_BASE + index]),
);

function keyOf(word: string): number {
  let key = 0;
  for (let at = 0; at < word.length; at += 1) key = wordKey(key, word.charCodeAt(at) - LOWER_A);
  return key;
}

/** The token of a space and the whole word with this key. */
export function wordId(key: number): number | undefined {
  return wordIds.get(key);
}

/** The byte that a token stands for; null when it is one with a text of its own. */
export function byteOf(id: number): number | null {
  return id >= BYTE_BASE && id < SPACE_UPPER_BASE ? id - BYTE_BASE : null;
}

/** What a token other than a single byte spells; the empty text for ids out of the vocabulary. */
export function textOf(id: number): string {
  if (id < 0 || id >= VOCABULARY_SIZE) return '';
  if (id < BYTE_BASE) return SPECIAL_TOKENS[id] ?? '';
  if (id < SPACE_UPPER_BASE) return String.fromCharCode(id - BYTE_BASE);
  if (id < SPACE_DIGIT_BASE) return ` ${String.fromCharCode(65 + id - SPACE_UPPER_BASE)}`;
  if (id < SPACE_LOWER_BASE) return ` ${id - SPACE_DIGIT_BASE}`;
  if (id < WORD_BASE) return ` ${lower(id - SPACE_LOWER_BASE)}`;
  if (id < PAIR_BASE) return ` ${WHOLE_WORDS[id - WORD_BASE]}`;
  if (id < SPACE_PAIR_BASE) return lettersOf(id - PAIR_BASE, 2);
  if (id < TRIPLE_BASE) return ` ${lettersOf(id - SPACE_PAIR_BASE, 2)}`;
  return lettersOf(id - TRIPLE_BASE, 3);
}

export function isSpecial(id: number): boolean {
  return id < BYTE_BASE;
}

function lettersOf(number: number, length: number): string {
  let text = '';
  for (let rest = number, left = length; left > 0; left -= 1) {
    text = lower(rest % LETTERS) + text;
    rest = Math.floor(rest / LETTERS);
  }
  return text;
}

function lower(letter: number): string {
  return String.fromCharCode(LOWER_A + letter);
}
