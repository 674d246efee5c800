import { StringDecoder } from 'node:string_decoder';
import {
  BYTE_BASE,
  byteOf,
  isSpecial,
  LONGEST_WORD,
  PAIR_BASE,
  SPACE_DIGIT_BASE,
  SPACE_LOWER_BASE,
  SPACE_PAIR_BASE,
  SPACE_UPPER_BASE,
  SPECIAL_TOKENS,
  TRIPLE_BASE,
  textOf,
  wordId,
  wordKey,
} from './vocabulary.ts';

const SPACE = 0x20;
const LESS_THAN = 0x3c;

/** Appends the tokens of `text`, greedily from left to right; special tokens in it are read as such. */
export function tokenizeInto(tokens: number[], text: string): void {
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === SPACE) at = spaced(tokens, text, at);
    else if (code >= 97 && code <= 122) at = letters(tokens, text, at);
    else if (code === LESS_THAN) at = special(tokens, text, at);
    else if (code >= 0x80) at = multiByte(tokens, text, at);
    else {
      tokens.push(BYTE_BASE + code);
      at += 1;
    }
  }
}

export function tokenize(text: string): number[] {
  const tokens: number[] = [];
  tokenizeInto(tokens, text);
  return tokens;
}

/** 0 to 25 for a lower-case letter, else -1. */
function letterAt(text: string, at: number): number {
  const letter = text.charCodeAt(at) - 97;
  return letter >= 0 && letter < 26 ? letter : -1;
}

function spaced(tokens: number[], text: string, at: number): number {
  const next = text.charCodeAt(at + 1);
  if (next >= 65 && next <= 90) {
    tokens.push(SPACE_UPPER_BASE + next - 65);
    return at + 2;
  }
  if (next >= 48 && next <= 57) {
    tokens.push(SPACE_DIGIT_BASE + next - 48);
    return at + 2;
  }
  const first = letterAt(text, at + 1);
  if (first >= 0) return spacedWord(tokens, text, at);
  tokens.push(BYTE_BASE + SPACE);
  return at + 1;
}

/** A space and a run of lower-case letters: the whole word if it is one, else its first two letters. */
function spacedWord(tokens: number[], text: string, at: number): number {
  let key = 0;
  let end = at + 1;
  for (; end <= at + LONGEST_WORD + 1; end += 1) {
    const letter = letterAt(text, end);
    if (letter < 0) break;
    key = wordKey(key, letter);
  }
  const length = end - at - 1;
  const whole = length <= LONGEST_WORD ? wordId(key) : undefined;
  if (whole !== undefined) {
    tokens.push(whole);
    return end;
  }
  const first = letterAt(text, at + 1);
  if (length === 1) {
    tokens.push(SPACE_LOWER_BASE + first);
    return at + 2;
  }
  tokens.push(SPACE_PAIR_BASE + first * 26 + letterAt(text, at + 2));
  return at + 3;
}

function letters(tokens: number[], text: string, at: number): number {
  const first = letterAt(text, at);
  const second = letterAt(text, at + 1);
  if (second < 0) {
    tokens.push(BYTE_BASE + 97 + first);
    return at + 1;
  }
  const third = letterAt(text, at + 2);
  if (third < 0) {
    tokens.push(PAIR_BASE + first * 26 + second);
    return at + 2;
  }
  tokens.push(TRIPLE_BASE + (first * 26 + second) * 26 + third);
  return at + 3;
}

function special(tokens: number[], text: string, at: number): number {
  for (const [id, name] of SPECIAL_TOKENS.entries()) {
    if (text.startsWith(name, at)) {
      tokens.push(id);
      return at + name.length;
    }
  }
  tokens.push(BYTE_BASE + LESS_THAN);
  return at + 1;
}

function multiByte(tokens: number[], text: string, at: number): number {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  for (const byte of Buffer.from(character, 'utf8')) tokens.push(BYTE_BASE + byte);
  return at + character.length;
}

/** The text of tokens; bytes that are no UTF-8 become replacement characters. */
export function detokenize(tokens: readonly number[]): string {
  const decoder = new TokenDecoder({ skipSpecials: false });
  return tokens.map((token) => decoder.push(token)).join('') + decoder.end();
}

/** Turns tokens into text one by one; a character split over tokens comes out with the last of them. */
export class TokenDecoder {
  readonly #skipSpecials: boolean;
  /** Only made when a token with part of a character comes, and kept while one is open. */
  #open: StringDecoder | null = null;

  constructor({ skipSpecials }: { readonly skipSpecials: boolean }) {
    this.#skipSpecials = skipSpecials;
  }

  push(id: number): string {
    if (this.#skipSpecials && isSpecial(id)) return '';
    const byte = byteOf(id);
    if (byte === null || byte < 0x80) return this.end() + textOf(id);
    this.#open ??= new StringDecoder('utf8');
    return this.#open.write(Uint8Array.of(byte));
  }

  /** What is left of a character that never became whole. */
  end(): string {
    const rest = this.#open?.end() ?? '';
    this.#open = null;
    return rest;
  }
}

/** A token as lists of log-probabilities show it: part of a character shows as the empty text. */
export function tokenText(id: number): string {
  const byte = byteOf(id);
  return byte !== null && byte >= 0x80 ? '' : textOf(id);
}

/** A token in the notation of byte-level vocabularies: a space as `Ġ`, a line end as `Ċ`. */
export function tokenNotation(id: number): string {
  if (isSpecial(id)) return textOf(id);
  const byte = byteOf(id);
  const bytes = byte === null ? Buffer.from(textOf(id)) : [byte];
  return Array.from(bytes, byteNotation).join('');
}

/** The printable bytes stand for themselves, all others for the characters from U+0100 on, in order (GPT-2). */
function byteNotation(byte: number): string {
  if (isPrintable(byte)) return String.fromCharCode(byte);
  let unprintable = 0;
  for (let other = 0; other < byte; other += 1) if (!isPrintable(other)) unprintable += 1;
  return String.fromCharCode(0x100 + unprintable);
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
