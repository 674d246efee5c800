import type { EngineFailure } from '../../contracts/engine.ts';
import type { LabelDistribution, LabelProbability, LogprobRoute } from '../../domain/distribution.ts';
import { corruptFailure, garbageFailure } from './failures.ts';
import { isObject } from './json.ts';
import type { LabelSet, TokenKey } from '../label-set.ts';

/**
 * From an engine's list of log-probabilities for one position to label probabilities. Entries are found by
 * their token, never by their place. A token that is missing from a list is not impossible: it is bounded
 * by what the list leaves over, and in a list of the most likely tokens by the least of them.
 */
export type LabelReading =
  | {
      readonly ok: true;
      readonly distribution: LabelDistribution;
      /** Label tokens that were not in the list. */
      readonly missing: number;
    }
  | { readonly ok: false; readonly failure: EngineFailure };

/** Engines write -9999 for minus infinity: at or below this a token was masked or cannot come. */
const IMPOSSIBLE = -9000;

/** Rounding of an honest engine stays far below this; logits taken for log-probabilities do not. */
const ROUNDING = 0.01;

/** `position` is one element of `logprobs.content` of a chat reply. */
export function readLabels(set: LabelSet, route: LogprobRoute, position: unknown): LabelReading {
  if (!isObject(position)) return notThere();
  const listed = position['top_logprobs'] ?? null;
  if (listed === null) return { ok: false, failure: NO_LIST };
  if (!Array.isArray(listed)) return notThere();
  const sum = new LabelSum(set);
  const sampled = keyOf(set, position);
  let isListed = false;
  for (const entry of listed) {
    if (!isObject(entry)) return notThere();
    const key = keyOf(set, entry);
    // The sampled token stands in the list too, out of order when it was not a likely one.
    if (!sum.add(key, entry['logprob'], key !== sampled)) return notNumbers();
    // Different tokens may print as one text; by its text the sampled one is known by its value too.
    isListed ||= key === sampled && (set.keyedBy === 'id' || entry['logprob'] === position['logprob']);
  }
  if (!isListed && !sum.add(sampled, position['logprob'], false)) return notNumbers();
  if (sum.listed > 1 + ROUNDING) {
    return { ok: false, failure: corruptFailure("the engine's probabilities add up to more than 1") };
  }
  return { ok: true, distribution: sum.toDistribution(route), missing: sum.missing };
}

class LabelSum {
  readonly #set: LabelSet;
  readonly #probabilities: number[];
  readonly #missing: number[];
  readonly #seen = new Set<TokenKey>();
  /** Probability of all tokens listed, labels or not. */
  listed = 0;
  /** Least probability in the list, but for the sampled token; above 1 when there is none. */
  #least = Number.POSITIVE_INFINITY;

  constructor(set: LabelSet) {
    this.#set = set;
    this.#probabilities = set.counts.map(() => 0);
    this.#missing = [...set.counts];
  }

  /** False when the value is no log-probability. An id counts once; texts add up, as several tokens may spell one. */
  add(key: TokenKey, logprob: unknown, bounds: boolean): boolean {
    if (typeof logprob !== 'number' || Number.isNaN(logprob) || logprob > ROUNDING) return false;
    const probability = logprob <= IMPOSSIBLE ? 0 : Math.min(1, Math.exp(logprob));
    if (bounds) this.#least = Math.min(this.#least, probability);
    const isKnown = this.#seen.has(key);
    if (isKnown && this.#set.keyedBy === 'id') return true;
    this.#seen.add(key);
    this.listed += probability;
    const label = this.#set.tokens.get(key);
    if (label !== undefined) {
      this.#probabilities[label] = (this.#probabilities[label] ?? 0) + probability;
      if (!isKnown) this.#missing[label] = (this.#missing[label] ?? 0) - 1;
    }
    return true;
  }

  get missing(): number {
    return this.#missing.reduce((total, count) => total + count, 0);
  }

  toDistribution(route: LogprobRoute): LabelDistribution {
    const left = Math.max(0, 1 - this.listed);
    // Only a list of the most likely tokens says something of those that are not in it.
    const least = route === 'top_logprobs' ? this.#least : Number.POSITIVE_INFINITY;
    const labels: Record<string, LabelProbability> = {};
    let mass = 0;
    for (const [position, name] of this.#set.names.entries()) {
      const probability = this.#probabilities[position] ?? 0;
      const missing = this.#missing[position] ?? 0;
      const unseen = missing === 0 ? 0 : Math.min(left, missing * least);
      labels[name] = { probability, atMost: Math.min(1, probability + unseen) };
      mass += probability;
    }
    return { labels, mass: Math.min(1, mass), route };
  }
}

const TOKEN_ID = 'token_id:';

/** A token's key. Ids stand beside the text (llama.cpp), or come as `token_id:N` where they were asked for; other texts are read from the bytes. */
function keyOf({ keyedBy }: LabelSet, entry: Readonly<Record<string, unknown>>): TokenKey {
  const { token, bytes, id } = entry;
  if (keyedBy === 'id' && typeof id === 'number') return id;
  const text = typeof token === 'string' ? token : '';
  if (keyedBy === 'id') return text.startsWith(TOKEN_ID) ? Number(text.slice(TOKEN_ID.length)) : text;
  return isByteList(bytes) ? Buffer.from(bytes).toString('utf8') : text;
}

function isByteList(bytes: unknown): bytes is readonly number[] {
  return Array.isArray(bytes) && bytes.length > 0 && bytes.every((byte) => typeof byte === 'number');
}

const NO_LIST: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine lists no likely tokens beside the one it chose',
  sent: true,
  blamesReplica: false,
};

function notThere(): LabelReading {
  return {
    ok: false,
    failure: garbageFailure('the engine wrote log-probabilities in a form that is not known'),
  };
}

function notNumbers(): LabelReading {
  return {
    ok: false,
    failure: corruptFailure('the engine computed log-probabilities that are no numbers (NaN)'),
  };
}
