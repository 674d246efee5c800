/** Characters of one text that are looked at; the rest counts only in its length. Bounds the time for any input. */
const MOST_CHARACTERS = 8_000;

/** What one pass over a text finds. Shares are of the characters looked at, in [0, 1]. */
export interface TextScan {
  /** Of the whole text, in UTF-16 units. */
  readonly length: number;
  /** Hash of each word in order, lower-cased; a letter of a script without spaces is a word of its own. */
  readonly words: readonly number[];
  readonly codeShare: number;
  readonly mathsShare: number;
  readonly digitShare: number;
  /** Lines that begin as an entry of a list. */
  readonly listLines: number;
  readonly newlines: number;
  /** Of the letters: those outside the Latin script, and those of scripts written without spaces. */
  readonly nonLatinShare: number;
  readonly unspacedShare: number;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const CODE = setOf('{}[]();<>=_|&#`\\');
const MATHS = setOf('+*/^=<>$%\\√∑∫≤≥≠≈∈×÷π');
const LIST_LINE = /^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]/gm;

/** Reads a text once, in time linear in its length and never more than for 8,000 characters. */
export function scanText(text: string): TextScan {
  const looked = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
  const { words, ...counts } = read(looked);
  const size = Math.max(1, looked.length);
  const letters = Math.max(1, counts.letters);
  return {
    length: text.length,
    words,
    codeShare: counts.code / size,
    mathsShare: counts.maths / size,
    digitShare: counts.digits / size,
    listLines: looked.match(LIST_LINE)?.length ?? 0,
    newlines: counts.newlines,
    nonLatinShare: counts.nonLatin / letters,
    unspacedShare: counts.unspaced / letters,
  };
}

function read(text: string): Counts & { words: number[] } {
  const counts = { code: 0, maths: 0, digits: 0, newlines: 0, letters: 0, nonLatin: 0, unspaced: 0 };
  const words: number[] = [];
  let hash = FNV_OFFSET;
  let inWord = false;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    const kind = kindOf(unit);
    if (kind === OTHER || kind === UNSPACED) {
      if (inWord) words.push(hash);
      inWord = false;
      hash = FNV_OFFSET;
      if (kind === UNSPACED) words.push(mix(FNV_OFFSET, unit));
    } else {
      inWord = true;
      hash = mix(hash, unit >= 65 && unit <= 90 ? unit + 32 : unit);
    }
    count(counts, kind, unit);
  }
  if (inWord) words.push(hash);
  return { words, ...counts };
}

interface Counts {
  code: number;
  maths: number;
  digits: number;
  newlines: number;
  letters: number;
  nonLatin: number;
  unspaced: number;
}

function count(counts: Counts, kind: number, unit: number): void {
  if (kind === DIGIT) counts.digits += 1;
  else if (kind === OTHER) {
    if (unit === 10) counts.newlines += 1;
    if (CODE.has(unit)) counts.code += 1;
    if (MATHS.has(unit)) counts.maths += 1;
  } else {
    counts.letters += 1;
    if (kind !== LATIN) counts.nonLatin += 1;
    if (kind === UNSPACED) counts.unspaced += 1;
  }
}

/** One step of FNV-1a over numbers, as an unsigned 32-bit integer. */
export function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, FNV_PRIME) >>> 0;
}

const OTHER = 0;
const DIGIT = 1;
const LATIN = 2;
const SPACED = 3;
const UNSPACED = 4;

/** First code unit of each run of blocks with its kind, rising. Coarse on purpose: enough to tell scripts apart. */
const BLOCKS = [
  [0x0000, OTHER],
  [0x0030, DIGIT],
  [0x003a, OTHER],
  [0x0041, LATIN],
  [0x005b, OTHER],
  [0x0061, LATIN],
  [0x007b, OTHER],
  [0x00c0, LATIN],
  [0x0250, SPACED],
  [0x0e00, UNSPACED],
  [0x0f00, SPACED],
  [0x2000, OTHER],
  [0x3040, UNSPACED],
  [0xa000, OTHER],
  [0xac00, SPACED],
  [0xd7b0, OTHER],
] as const;

const KINDS = kindsOf(BLOCKS);

function kindsOf(blocks: typeof BLOCKS): Uint8Array {
  const kinds = new Uint8Array(0x10000);
  for (const [from, kind] of blocks) kinds.fill(kind, from);
  return kinds;
}

function kindOf(unit: number): number {
  return KINDS[unit] ?? OTHER;
}

function setOf(characters: string): ReadonlySet<number> {
  return new Set(Array.from(characters, (character) => character.charCodeAt(0)));
}
