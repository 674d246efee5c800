/**
 * How alike two texts are, in [0, 1], by what they have in common: the measures of OpenAI's `text_similarity`
 * grader that need neither a model nor a dictionary. Words are runs of letters and digits; case does not count.
 */
export const SIMILARITY_METRICS = [
  'fuzzy_match',
  'bleu',
  'gleu',
  'rouge_1',
  'rouge_2',
  'rouge_3',
  'rouge_4',
  'rouge_5',
  'rouge_l',
] as const;

export type SimilarityMetric = (typeof SIMILARITY_METRICS)[number];

/** Longest texts that are compared, in characters: the work of two of the measures grows faster than they do. */
export const MOST_COMPARED = 8_192;

/** Both texts have at most `MOST_COMPARED` characters. Texts without any word are alike when both are. */
export function textSimilarity(metric: SimilarityMetric, text: string, reference: string): number {
  if (metric === 'fuzzy_match') return subsequenceShare(Array.from(text), Array.from(reference));
  const [words, wanted] = [wordsOf(text), wordsOf(reference)];
  if (words.length === 0 || wanted.length === 0) return words.length === wanted.length ? 1 : 0;
  switch (metric) {
    case 'rouge_l':
      return subsequenceShare(words, wanted);
    case 'bleu':
      return bleu(words, wanted);
    case 'gleu':
      return gleu(words, wanted);
    default:
      return rouge(words, wanted, Number(metric.slice('rouge_'.length)));
  }
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * 2 x the longest common subsequence / the lengths' sum: of words it is the F1 of ROUGE-L (Lin 2004), of
 * characters the similarity by insertions and deletions that fuzzy matchers use.
 */
function subsequenceShare(one: readonly string[], other: readonly string[]): number {
  const total = one.length + other.length;
  return total === 0 ? 1 : (2 * longestCommon(one, other)) / total;
}

/**
 * Length of the longest common subsequence, one bit for each place of `one` (Hyyrö 2004): the bits that are
 * cleared at the end are the places that it takes.
 */
function longestCommon(one: readonly string[], other: readonly string[]): number {
  const places = new Map<string, bigint>();
  for (const [at, part] of one.entries()) places.set(part, (places.get(part) ?? 0n) | (1n << BigInt(at)));
  const all = (1n << BigInt(one.length)) - 1n;
  let open = all;
  for (const part of other) {
    const met = open & (places.get(part) ?? 0n);
    open = ((open + met) | (open - met)) & all;
  }
  return one.length - open.toString(2).replaceAll('0', '').length;
}

/** How often each run of `size` words stands in the text. */
function runsOf(words: readonly string[], size: number): Map<string, number> {
  const runs = new Map<string, number>();
  for (let at = 0; at + size <= words.length; at += 1) {
    const run = words.slice(at, at + size).join(' ');
    runs.set(run, (runs.get(run) ?? 0) + 1);
  }
  return runs;
}

interface Overlap {
  /** Runs of the text, and of the reference. */
  readonly runs: number;
  readonly wanted: number;
  /** Runs that both have, each as often as the rarer one. */
  readonly common: number;
}

function overlapOf(words: readonly string[], reference: readonly string[], size: number): Overlap {
  const wanted = runsOf(reference, size);
  let common = 0;
  for (const [run, count] of runsOf(words, size)) common += Math.min(count, wanted.get(run) ?? 0);
  const countOf = (length: number): number => Math.max(0, length - size + 1);
  return { runs: countOf(words.length), wanted: countOf(reference.length), common };
}

/** F1 of the runs (Lin 2004); texts too short for one run have nothing in common. */
function rouge(words: readonly string[], reference: readonly string[], size: number): number {
  const { runs, wanted, common } = overlapOf(words, reference, size);
  return runs + wanted === 0 ? 0 : (2 * common) / (runs + wanted);
}

const LONGEST_RUN = 4;

/**
 * Geometric mean of the precisions of runs of one to four words, times the brevity penalty (Papineni et al.
 * 2002). Runs of two and more are smoothed by one (Lin and Och 2004): a single sentence rarely has all four.
 */
function bleu(words: readonly string[], reference: readonly string[]): number {
  let logarithms = 0;
  for (let size = 1; size <= LONGEST_RUN; size += 1) {
    const { runs, common } = overlapOf(words, reference, size);
    if (size === 1 && common === 0) return 0;
    const extra = size === 1 ? 0 : 1;
    logarithms += Math.log((common + extra) / (runs + extra)) / LONGEST_RUN;
  }
  const brevity = Math.min(1, Math.exp(1 - reference.length / words.length));
  return brevity * Math.exp(logarithms);
}

/** The lesser of precision and recall over all runs of one to four words (Wu et al. 2016). */
function gleu(words: readonly string[], reference: readonly string[]): number {
  let [runs, wanted, common] = [0, 0, 0];
  for (let size = 1; size <= LONGEST_RUN; size += 1) {
    const overlap = overlapOf(words, reference, size);
    runs += overlap.runs;
    wanted += overlap.wanted;
    common += overlap.common;
  }
  return common / Math.max(runs, wanted);
}
