import type { Item } from './item.ts';

/**
 * Strata: groups of items alike enough to share a certificate. Each dimension is a plain fact that anybody
 * can check on the item; a policy names those that split, and the stratum's form tells their values.
 */
export const STRATUM_DIMENSIONS = ['rubric', 'source', 'length', 'code', 'maths', 'language'] as const;

export type StratumDimension = (typeof STRATUM_DIMENSIONS)[number];

/** Stratum of a policy that splits by nothing. */
export const ALL_ITEMS = 'all';

/** Characters of a text that are looked at: the facts are about kinds of text, not about its end. */
const LOOKED_AT = 8_192;

/** For example `code:yes length:short`; dimensions in the order of `STRATUM_DIMENSIONS`, whatever was given. */
export function stratumOf(item: Item, dimensions: readonly StratumDimension[]): string {
  const named = STRATUM_DIMENSIONS.filter((dimension) => dimensions.includes(dimension));
  if (named.length === 0) return ALL_ITEMS;
  const text = named.some((dimension) => dimension !== 'rubric' && dimension !== 'source')
    ? textOf(item)
    : '';
  return named.map((dimension) => `${dimension}:${VALUES[dimension](item, text)}`).join(' ');
}

const VALUES: Readonly<Record<StratumDimension, (item: Item, text: string) => string>> = {
  rubric: (item) => item.rubric?.id ?? 'general',
  source: (item) => word(item.metadata['source']),
  length: (item) => lengthBucket(item),
  code: (_, text) =>
    yesNo(/```|[;{}]\s*\n|\b(?:def|function|class|import|return|SELECT)\b.*[(:;]/.test(text)),
  maths: (_, text) => yesNo(/\\(?:frac|sum|int|sqrt|begin)|\$[^$\n]+\$|\d\s*[=+*/^]\s*\d|[∑∫√≤≥]/.test(text)),
  language: (_, text) => scriptOf(text),
};

/** Names of callers become part of a label: short, without spaces. */
function word(value: unknown): string {
  if (typeof value !== 'string' || value === '') return 'none';
  return value.slice(0, 64).replaceAll(/[^\w.@-]+/g, '_');
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no';
}

/** By the characters of prompt and responses together, as judges have to read them all. */
function lengthBucket({ prompt, candidates }: Item): string {
  const asked =
    typeof prompt === 'string' ? prompt.length : prompt.reduce((sum, { content }) => sum + content.length, 0);
  const characters = candidates.reduce((sum, candidate) => sum + candidate.length, asked);
  if (characters < 1_000) return 'short';
  return characters < 5_000 ? 'medium' : 'long';
}

function textOf({ prompt, candidates }: Item): string {
  const asked = typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join('\n');
  return [asked, ...candidates].map((text) => text.slice(0, LOOKED_AT)).join('\n');
}

const SCRIPTS = {
  latin: /\p{Script=Latin}/gu,
  cyrillic: /\p{Script=Cyrillic}/gu,
  arabic: /\p{Script=Arabic}/gu,
  devanagari: /\p{Script=Devanagari}/gu,
  hangul: /\p{Script=Hangul}/gu,
  kana: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu,
  han: /\p{Script=Han}/gu,
} as const;

/** The script that most letters belong to: cheap, and languages of other scripts are where judges differ most. */
function scriptOf(text: string): string {
  let best = 'other';
  let most = 0;
  for (const [name, pattern] of Object.entries(SCRIPTS)) {
    const letters = text.match(pattern)?.length ?? 0;
    if (letters > most) [best, most] = [name, letters];
  }
  return best;
}
