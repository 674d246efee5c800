import { mix, uniformOf } from './hash.ts';
import type { LabelOdds } from './label-odds.ts';
import type { AnswerShare, ScoreOdds } from './score-odds.ts';
import { type NextToken, SparseDistribution } from './next-token.ts';
import { tokenize } from './tokenizer.ts';
import { TURN_END, WRITTEN_WORDS } from './vocabulary.ts';

/**
 * The toy language model: what comes next is a hash of the tokens so far, and nothing else. Plain text is
 * words from a list in sentences of about twelve, with an end after one sentence in four. After a prompt
 * that shows a pair, the labels take their share.
 */
const FILLERS = 12;
/** Each of the likely tokens has this share of what the ones before it left. */
const TAKE = 0.55;
/** Probability that all tokens outside the list have together. */
const TAIL = 0.02;
const SENTENCE_LENGTH = 12;
const SENTENCES = 4;
/** Share of a label's probability on the token without a space. */
const BARE = 0.9;

const [FULL_STOP] = tokenize('.');
const [LINE_END] = tokenize('\n');

/** What follows a prefix with this hash that ends in `last`. */
export function plainNext(prefix: number, last: number | undefined): NextToken {
  const ids = fillers(prefix);
  if (last === FULL_STOP && mix(prefix, 1) % SENTENCES === 0) ids.unshift(TURN_END);
  else if (isWord(last) && mix(prefix, 2) % SENTENCE_LENGTH === 0) ids.unshift(FULL_STOP ?? 0);
  return new SparseDistribution(ids, shares(ids.length, 1 - TAIL), { tail: TAIL, seed: prefix });
}

/** A token that the form of an answer wants. */
export function certainNext(text: string, seed: number): NextToken {
  const ids = [...tokenize(text), ...fillers(seed)];
  return new SparseDistribution(ids, shares(ids.length, 1 - TAIL), { tail: TAIL, seed });
}

/** What follows a label: the end of its line, or of the answer. */
export function afterLabel(prefix: number, end = TURN_END): NextToken {
  const ids = [end, ...fillers(prefix)];
  return new SparseDistribution(ids, shares(ids.length, 1 - TAIL), { tail: TAIL, seed: prefix });
}

/**
 * The token of a judge's answer behind `count` others: a label by the odds, the rest by the pair's hash. Several
 * scores stand one on each line; behind the last label is the end.
 */
export function labelNext(odds: LabelOdds | ScoreOdds, count = 0): NextToken {
  const labels = 'scores' in odds ? odds.scores : [pairAnswers(odds)];
  const answers = labels[count / 2];
  if (answers !== undefined) return answerNext(odds, answers);
  return count < 2 * labels.length - 1 ? afterLabel(odds.hash, LINE_END) : afterLabel(odds.hash);
}

function answerNext(odds: LabelOdds | ScoreOdds, answers: readonly AnswerShare[]): NextToken {
  const rest = Math.max(0, 1 - odds.mass);
  const ids = [...answers.flatMap(({ sign }) => tokensOf(sign)), ...fillers(odds.hash)];
  const labels = answers.flatMap(({ share }) => [odds.mass * share * BARE, odds.mass * share * (1 - BARE)]);
  const tail = rest * TAIL;
  return new SparseDistribution(ids, [...labels, ...shares(FILLERS, rest - tail)], { tail, seed: odds.hash });
}

function pairAnswers({ first, second, tie }: LabelOdds): AnswerShare[] {
  return [
    { sign: 'A', share: first },
    { sign: 'B', share: second },
    { sign: 'C', share: tie },
  ];
}

/** A sign of one letter or digit as the beginning of an answer, and after a space. */
function tokensOf(sign: string): number[] {
  return [...tokenize(sign), ...tokenize(` ${sign}`)];
}

/** Distinct words, the likely ones first. */
function fillers(hash: number): number[] {
  const start = mix(hash, 3);
  const words: number[] = [];
  for (let index = 0; index < FILLERS; index += 1) {
    words.push(WRITTEN_WORDS.first + ((start + index * WORD_STRIDE) % WRITTEN_WORDS.count));
  }
  return words;
}

/** Far enough apart, and `FILLERS` steps of it do not come round. */
const WORD_STRIDE = 29;

function isWord(id: number | undefined): boolean {
  return id !== undefined && id >= WRITTEN_WORDS.first && id < WRITTEN_WORDS.first + WRITTEN_WORDS.count;
}

/** `total` in falling shares. */
function shares(count: number, total: number): number[] {
  const whole = 1 - (1 - TAKE) ** count;
  return Array.from({ length: count }, (_, index) => (total * TAKE * (1 - TAKE) ** index) / whole);
}

/** How the next token is chosen from what the model says; none of it changes the log-probabilities shown. */
export interface SamplingRules {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** 0 or less for all. */
  readonly topK: number;
  readonly topP: number;
  /** Tokens that may come; null for all. */
  readonly allowed: readonly number[] | null;
  readonly banned: ReadonlySet<number>;
  readonly bias: ReadonlyMap<number, number>;
}

const CANDIDATES = 24;

/** Chooses among the likely tokens and those that the rules name. `draw` is a hash; equal draws choose equally. */
export function choose(next: NextToken, rules: SamplingRules, draw: number): number {
  if (isPlain(rules)) return next.top(1)[0] ?? TURN_END;
  const ids = rules.allowed ?? [...new Set([...next.top(CANDIDATES), ...rules.bias.keys()])];
  const weighed = ids
    .filter((id) => !rules.banned.has(id))
    .map((id) => ({ id, score: next.logprob(id) + (rules.bias.get(id) ?? 0) }))
    .toSorted((x, y) => y.score - x.score);
  const [best] = weighed;
  if (best === undefined) return ids[0] ?? TURN_END;
  if (rules.temperature === 0) return best.id;
  const kept = nucleus(rules.topK > 0 ? weighed.slice(0, rules.topK) : weighed, rules.topP);
  const weights = kept.map(({ score }) => Math.exp((score - best.score) / rules.temperature));
  let left = uniformOf(draw) * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left <= 0) return kept[index]?.id ?? best.id;
  }
  return best.id;
}

/** The most likely token is the answer, as for every judge. */
function isPlain({ temperature, allowed, banned, bias }: SamplingRules): boolean {
  return temperature === 0 && allowed === null && banned.size === 0 && bias.size === 0;
}

/** The most likely tokens that have the share `topP` together. */
function nucleus<T extends { readonly score: number }>(sorted: readonly T[], topP: number): readonly T[] {
  let sum = 0;
  const end = sorted.findIndex(({ score }) => {
    sum += Math.exp(score);
    return sum >= topP;
  });
  return end < 0 ? sorted : sorted.slice(0, end + 1);
}
