import { VOCABULARY_SIZE } from './vocabulary.ts';

/** vLLM writes minus infinity as this. */
export const IMPOSSIBLE = -9999;

/** What the model says about the next token: the raw log-probabilities of a whole vocabulary. */
export interface NextToken {
  /** Natural logarithm of the probability; `IMPOSSIBLE` for none, NaN for a broken model. */
  logprob(id: number): number;
  /** The `count` most likely tokens, most likely first. */
  top(count: number): readonly number[];
  /** Place of a token in the order of likelihood, from 1. */
  rank(id: number): number;
}

/**
 * A distribution with a short list of likely tokens and an even-handed rest. The rest shares `tail` by
 * weights that run through 1..V in a permuted order, so its sum, its order and each rank are known without
 * visiting the vocabulary: an exact softmax at the price of the short list.
 */
export class SparseDistribution implements NextToken {
  readonly #ids: readonly number[];
  readonly #probabilities: readonly number[];
  readonly #tail: number;
  readonly #shift: number;
  readonly #tailWeight: number;

  /** `ids` are distinct, and all `probabilities` with `tail` add up to 1. */
  constructor(
    ids: readonly number[],
    probabilities: readonly number[],
    { tail, seed }: { readonly tail: number; readonly seed: number },
  ) {
    this.#ids = ids;
    this.#probabilities = probabilities;
    this.#tail = tail;
    this.#shift = seed % VOCABULARY_SIZE;
    let weight = (VOCABULARY_SIZE * (VOCABULARY_SIZE + 1)) / 2;
    for (const id of ids) weight -= this.#weight(id);
    this.#tailWeight = weight;
  }

  logprob(id: number): number {
    const probability = this.#probability(id);
    return probability > 0 ? Math.log(probability) : IMPOSSIBLE;
  }

  top(count: number): readonly number[] {
    const best: number[] = [];
    const listed = this.#sorted();
    for (let next = 0, weight = VOCABULARY_SIZE; best.length < count && weight > 0;) {
      const ofTail = this.#withWeight(weight);
      if (this.#ids.includes(ofTail)) {
        weight -= 1;
        continue;
      }
      const ofList = listed[next];
      if (ofList !== undefined && ofList.probability >= this.#probability(ofTail)) {
        best.push(ofList.id);
        next += 1;
      } else {
        best.push(ofTail);
        weight -= 1;
      }
    }
    return best;
  }

  rank(id: number): number {
    const probability = this.#probability(id);
    let rank = 1;
    for (const [index, other] of this.#ids.entries()) {
      if (other !== id && (this.#probabilities[index] ?? 0) > probability) rank += 1;
    }
    return rank + this.#tailAbove(probability);
  }

  /** The short list, most likely first. */
  #sorted(): { readonly id: number; readonly probability: number }[] {
    return this.#ids
      .map((id, index) => ({ id, probability: this.#probabilities[index] ?? 0 }))
      .toSorted((x, y) => y.probability - x.probability);
  }

  #probability(id: number): number {
    const index = this.#ids.indexOf(id);
    if (index >= 0) return this.#probabilities[index] ?? 0;
    return (this.#tail * this.#weight(id)) / this.#tailWeight;
  }

  /** How many tokens of the rest are more likely than `probability`. */
  #tailAbove(probability: number): number {
    if (this.#tail === 0) return 0;
    const weight = Math.floor((probability * this.#tailWeight) / this.#tail + 1e-9);
    const above = Math.max(0, VOCABULARY_SIZE - weight);
    return above - this.#ids.filter((id) => above > 0 && this.#weight(id) > weight).length;
  }

  #weight(id: number): number {
    return ((id * STRIDE + this.#shift) % VOCABULARY_SIZE) + 1;
  }

  #withWeight(weight: number): number {
    const shifted = (weight - 1 - this.#shift + VOCABULARY_SIZE) % VOCABULARY_SIZE;
    return (shifted * STRIDE_INVERSE) % VOCABULARY_SIZE;
  }
}

/** A prime that does not divide the size of the vocabulary: stepping by it visits every token once. */
const STRIDE = 7919;
const STRIDE_INVERSE = inverseOf(STRIDE, VOCABULARY_SIZE);

/** The number that undoes multiplication by `number` modulo `modulus` (extended Euclid). */
function inverseOf(number: number, modulus: number): number {
  let [rest, next] = [modulus, number % modulus];
  let [factor, nextFactor] = [0, 1];
  while (next !== 0) {
    const quotient = Math.floor(rest / next);
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  if (rest !== 1) throw new Error(`${number} has no inverse modulo ${modulus}`);
  return ((factor % modulus) + modulus) % modulus;
}

/**
 * What is left of a distribution when a constraint allows only some tokens: theirs add up to 1, all others
 * are impossible. vLLM masks before it takes log-probabilities, so this is what it reports.
 */
export class MaskedDistribution implements NextToken {
  readonly #logprobs: ReadonlyMap<number, number>;

  constructor(raw: NextToken, allowed: readonly number[]) {
    const logprobs = allowed.map((id) => raw.logprob(id));
    const most = Math.max(...logprobs);
    const total = most + Math.log(logprobs.reduce((sum, logprob) => sum + Math.exp(logprob - most), 0));
    this.#logprobs = new Map(allowed.map((id, index) => [id, (logprobs[index] ?? 0) - total]));
  }

  logprob(id: number): number {
    return this.#logprobs.get(id) ?? IMPOSSIBLE;
  }

  top(count: number): readonly number[] {
    const best = [...this.#logprobs].toSorted((x, y) => y[1] - x[1]).map(([id]) => id);
    for (let id = 0; best.length < count; id += 1) if (!this.#logprobs.has(id)) best.push(id);
    return best.slice(0, count);
  }

  rank(id: number): number {
    const logprob = this.logprob(id);
    return 1 + [...this.#logprobs.values()].filter((other) => other > logprob).length;
  }
}

/** What a model with broken weights says: numbers that are none. Sorting them leaves the vocabulary's order. */
export const NOT_A_NUMBER: NextToken = {
  logprob: () => Number.NaN,
  top: (count) => Array.from({ length: count }, (_, id) => id),
  rank: () => 1,
};
