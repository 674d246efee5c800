import { ConstraintProgress } from './constraint.ts';
import type { GenerationPlan, LogprobsAsked, PlannedPrompt } from './generation-plan.ts';
import { extendPrefix, hashPrefix, mix } from './hash.ts';
import { choose, labelNext, plainNext, type SamplingRules } from './language-model.ts';
import { MaskedDistribution, type NextToken, NOT_A_NUMBER } from './next-token.ts';
import { isNumbered, numberedNext } from './numbered-odds.ts';
import { TokenDecoder, tokenText } from './tokenizer.ts';
import { BEGIN_OF_TEXT, END_OF_TEXT, TURN_END } from './vocabulary.ts';

export interface TokenLogprob {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
}

/** One token of an answer. */
export interface Piece {
  readonly id: number;
  /** Text that became certain with this token: none while a character or a stop text is open. */
  readonly text: string;
  readonly logprobs: PieceLogprobs | null;
  readonly finish: 'stop' | 'length' | null;
  /** The stop text or token that ended the answer; null when the model ended it. */
  readonly stopReason: string | number | null;
}

export interface PieceLogprobs {
  readonly sampled: TokenLogprob;
  /** The sampled token first, then those asked for. */
  readonly listed: readonly TokenLogprob[];
}

/** The model was broken when it wrote this. */
export function hasNan({ logprobs }: Piece): boolean {
  return logprobs !== null && Number.isNaN(logprobs.sampled.logprob);
}

/** Writes one answer to a prompt, token by token. Knows nothing of time and of the wire. */
export class AnswerWriter {
  readonly #plan: GenerationPlan;
  readonly #prompt: PlannedPrompt;
  readonly #answer: number;
  readonly #constraint: ConstraintProgress | null;
  readonly #decoder = new TokenDecoder({ skipSpecials: true });
  readonly #heldBack: number;
  #prefix: number | null = null;
  #last: number | undefined;
  #text = '';
  #shown = 0;
  count = 0;

  /** `answer` numbers the answers to one prompt. */
  constructor(plan: GenerationPlan, prompt: PlannedPrompt, answer: number) {
    this.#plan = plan;
    this.#prompt = prompt;
    this.#answer = answer;
    this.#constraint = plan.constraint === null ? null : new ConstraintProgress(plan.constraint);
    this.#last = prompt.tokens.at(-1);
    const longest = Math.max(0, ...plan.stopping.texts.map((text) => text.length));
    this.#heldBack = Math.max(0, longest - 1);
  }

  next(isNan: boolean): Piece {
    const allowed = this.#constraint?.allowed();
    const raw = this.#raw();
    const said = allowed === undefined ? raw : new MaskedDistribution(raw, allowed);
    const isLost = isNan && allowed === undefined;
    const id = isLost ? BEGIN_OF_TEXT : choose(said, this.#rules(allowed), this.#draw());
    const delta = this.#decoder.push(id);
    const { logprobs } = this.#plan;
    const listed =
      logprobs === null ? null : listLogprobs(isNan ? NOT_A_NUMBER : said, { id, text: delta }, logprobs);
    this.#take(id);
    return { id, logprobs: listed, ...this.#end(id, delta) };
  }

  #raw(): NextToken {
    const { odds } = this.#prompt;
    if (odds === null) return plainNext(this.#prefixHash(), this.#last);
    if (isNumbered(odds)) return numberedNext(odds, this.count);
    return labelNext(odds, this.count);
  }

  #rules(allowed: readonly number[] | undefined): SamplingRules {
    const { rules, stopping } = this.#plan;
    if (allowed !== undefined) return { ...rules, allowed, banned: NONE };
    if (this.count >= stopping.minTokens) return rules;
    return { ...rules, banned: new Set([...rules.banned, TURN_END, END_OF_TEXT, ...stopping.tokens]) };
  }

  #draw(): number {
    return this.#plan.rules.temperature === 0 ? 0 : drawOf(this.#plan.seed, this.#answer, this.#prefixHash());
  }

  #prefixHash(): number {
    this.#prefix ??= hashPrefix(this.#prompt.tokens);
    return this.#prefix;
  }

  #take(id: number): void {
    // The hash is only computed where it is used: a judge's answer of one token never needs it.
    if (this.#prompt.odds === null || this.#plan.rules.temperature > 0) {
      this.#prefix = extendPrefix(this.#prefixHash(), id);
    }
    this.#constraint?.advance(id);
    this.#last = id;
    this.count += 1;
  }

  #end(id: number, delta: string): Pick<Piece, 'text' | 'finish' | 'stopReason'> {
    const { stopping } = this.#plan;
    if ((id === TURN_END || id === END_OF_TEXT) && !stopping.ignoresEnd) return this.#finish('stop', null);
    if (stopping.tokens.has(id) && this.count > stopping.minTokens) return this.#finish('stop', id);
    this.#text += delta;
    const stop = this.#findStop(delta);
    if (stop !== null) {
      this.#text = this.#text.slice(0, stop.end);
      return this.#finish('stop', stop.text);
    }
    if (this.count >= this.#prompt.maxTokens) {
      this.#text += this.#decoder.end();
      return this.#finish('length', null);
    }
    return { text: this.#show(this.#text.length - this.#heldBack), finish: null, stopReason: null };
  }

  #finish(finish: 'stop' | 'length', stopReason: string | number | null) {
    return { text: this.#show(this.#text.length), finish, stopReason };
  }

  #show(end: number): string {
    const text = this.#text.slice(this.#shown, Math.max(this.#shown, end));
    this.#shown += text.length;
    return text;
  }

  #findStop(delta: string): { readonly text: string; readonly end: number } | null {
    const { texts, includesText, minTokens } = this.#plan.stopping;
    if (delta === '' || this.count <= minTokens) return null;
    const from = Math.max(0, this.#text.length - delta.length - this.#heldBack);
    for (const text of texts) {
      const at = this.#text.indexOf(text, from);
      if (at >= 0) return { text, end: includesText ? at + text.length : at };
    }
    return null;
  }
}

/** What a sampled token is drawn with: the request's seed, the answer's number and the tokens so far. */
function drawOf(seed: number, answer: number, prefix: number): number {
  return mix(mix(seed, answer), prefix);
}

const NONE: ReadonlySet<number> = new Set();

function listLogprobs(
  next: NextToken,
  sampled: { readonly id: number; readonly text: string },
  { top, ids }: LogprobsAsked,
): PieceLogprobs {
  const first = { ...sampled, logprob: next.logprob(sampled.id) };
  const shown = sampled.text === '' ? { ...first, text: tokenText(sampled.id) } : first;
  const others = ids ?? (top === 0 ? [] : next.top(top));
  if (others.length === 0) return { sampled: shown, listed: [shown] };
  const listed = [shown];
  const seen = new Set([sampled.id]);
  for (const id of others) {
    if (seen.has(id)) continue;
    seen.add(id);
    listed.push({ id, text: tokenText(id), logprob: next.logprob(id) });
  }
  return { sampled: shown, listed };
}

/** A prompt's own token with its place among the likely ones. */
export interface RankedLogprob extends TokenLogprob {
  readonly rank: number;
}

/** For each prompt token but the first: the token, then the `top` likely ones that differ from it. */
export function promptLogprobs(
  tokens: readonly number[],
  top: number,
): readonly (readonly RankedLogprob[] | null)[] {
  let prefix = hashPrefix([]);
  return tokens.map((token, index) => {
    const next = index === 0 ? null : plainNext(prefix, tokens[index - 1]);
    prefix = extendPrefix(prefix, token);
    if (next === null) return null;
    return [...new Set([token, ...next.top(top)])].map((id) => ({
      id,
      text: tokenText(id),
      logprob: next.logprob(id),
      rank: next.rank(id),
    }));
  });
}
