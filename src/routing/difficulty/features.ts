import type { Item, Message } from '../../domain/item.ts';
import { mix, scanText, type TextScan } from './text-scan.ts';

/** Length of the hashed embedding of a prompt. */
export const EMBEDDING_SIZE = 64;

/** What is known of an item before any judge is asked. */
export interface DifficultyFeatures {
  /** In the order of `FEATURE_NAMES`; NaN where there is nothing to read, such as the responses of a chat prompt. */
  readonly values: readonly number[];
  /** Signed counts of hashed words and pairs of words of the prompt, for finding similar prompts. */
  readonly embedding: Float32Array;
  /** Characters of the prompt and all candidates: what a judge has to read. */
  readonly characters: number;
}

/** Names of the values, for reports. */
export const FEATURE_NAMES = [
  'prompt_log_length',
  'prompt_code',
  'prompt_maths',
  'prompt_digits',
  'prompt_list_lines',
  'prompt_newlines',
  'prompt_non_latin',
  'prompt_unspaced',
  'response_log_length',
  'response_log_ratio',
  'response_word_overlap',
  'response_phrase_overlap',
  'response_prompt_overlap',
  'response_code',
  'response_maths',
  'response_digits',
  'response_list_lines',
  'response_newlines',
  'response_refusals',
] as const;

const RESPONSE_FEATURES = FEATURE_NAMES.filter((name) => name.startsWith('response_')).length;
const NO_RESPONSES: readonly number[] = Array.from({ length: RESPONSE_FEATURES }, () => Number.NaN);

/**
 * Reads an item with two candidates, or a prompt alone, in time linear in its text and bounded for any length.
 * It sees lengths, how alike the responses are, code, maths, lists,
 * script and refusals; near-identical responses and long prompts are what small judges fail on.
 */
export function featuresOf({ prompt, candidates }: Pick<Item, 'prompt' | 'candidates'>): DifficultyFeatures {
  const asked = scanText(textOf(prompt));
  const [a, b] = candidates;
  const characters = candidates.reduce((sum, candidate) => sum + candidate.length, asked.length);
  const responses = a === undefined || b === undefined ? NO_RESPONSES : responseValues(asked, a, b);
  return { values: [...promptValues(asked), ...responses], embedding: embed(asked.words), characters };
}

/** Instructions that are the same for all prompts of a caller would only drown what is asked. */
function textOf(prompt: string | readonly Message[]): string {
  if (typeof prompt === 'string') return prompt;
  const asked = prompt.filter(({ role }) => role !== 'system' && role !== 'developer');
  return asked.map(({ content }) => content).join('\n');
}

function promptValues(scan: TextScan): number[] {
  return [
    Math.log1p(scan.length),
    scan.codeShare,
    scan.mathsShare,
    scan.digitShare,
    Math.log1p(scan.listLines),
    Math.log1p(scan.newlines),
    scan.nonLatinShare,
    scan.unspacedShare,
  ];
}

function responseValues(asked: TextScan, a: string, b: string): number[] {
  const one = scanText(a);
  const other = scanText(b);
  const words = new Set(one.words);
  const otherWords = new Set(other.words);
  const answered = new Set([...one.words, ...other.words]);
  const mean = (read: (scan: TextScan) => number): number => (read(one) + read(other)) / 2;
  return [
    Math.log1p(a.length + b.length),
    Math.abs(Math.log1p(a.length) - Math.log1p(b.length)),
    jaccard(words, otherWords),
    jaccard(phrasesOf(one.words), phrasesOf(other.words)),
    share(answered, new Set(asked.words)),
    mean((scan) => scan.codeShare),
    mean((scan) => scan.mathsShare),
    mean((scan) => scan.digitShare),
    mean((scan) => Math.log1p(scan.listLines)),
    mean((scan) => Math.log1p(scan.newlines)),
    Number(isRefusal(a)) + Number(isRefusal(b)),
  ];
}

const PHRASE_WORDS = 5;

/** Hashes of every run of five words. */
function phrasesOf(words: readonly number[]): Set<number> {
  const phrases = new Set<number>();
  for (let start = 0; start + PHRASE_WORDS <= words.length; start += 1) {
    let hash = 0;
    for (let i = start; i < start + PHRASE_WORDS; i += 1) hash = mix(hash, words[i] ?? 0);
    phrases.add(hash);
  }
  return phrases;
}

/** Size of what both have over size of what either has; 0 for two empty sets. */
function jaccard(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  const common = commonOf(one, other);
  const all = one.size + other.size - common;
  return all === 0 ? 0 : common / all;
}

function share(of: ReadonlySet<number>, within: ReadonlySet<number>): number {
  return of.size === 0 ? 0 : commonOf(of, within) / of.size;
}

function commonOf(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  let common = 0;
  for (const value of one) if (other.has(value)) common += 1;
  return common;
}

/** Refusals say so early. */
const REFUSAL_WITHIN = 240;
const REFUSAL =
  /\b(?:i(?:['’]m| am) (?:sorry|unable|not able)|i (?:can['’]?t|cannot|won['’]?t|must decline)|as an ai)\b/i;

function isRefusal(response: string): boolean {
  return REFUSAL.test(response.slice(0, REFUSAL_WITHIN));
}

/** Feature hashing with a sign (Weinberger et al. 2009): collisions cancel on average. Square roots tame frequent words. */
function embed(words: readonly number[]): Float32Array {
  const counts = new Float32Array(EMBEDDING_SIZE);
  let before = 0;
  for (const word of words) {
    addHashed(counts, word);
    addHashed(counts, mix(before, word));
    before = word;
  }
  for (let i = 0; i < counts.length; i += 1) {
    const count = counts[i] ?? 0;
    counts[i] = Math.sign(count) * Math.sqrt(Math.abs(count));
  }
  return counts;
}

function addHashed(counts: Float32Array, hash: number): void {
  // The low bits of FNV are weak for short words: fold the high half in.
  const folded = hash ^ (hash >>> 15);
  const slot = folded % EMBEDDING_SIZE;
  const place = slot < 0 ? slot + EMBEDDING_SIZE : slot;
  counts[place] = (counts[place] ?? 0) + ((hash & 0x40000000) === 0 ? 1 : -1);
}
