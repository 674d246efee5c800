import type { Embedder } from '../../contracts/embedder.ts';
import { hashOf, spread } from '../../domain/text-hash.ts';

/**
 * Words and pairs of neighbouring words, hashed into a short vector with signs (Weinberger et al. 2009). It
 * finds texts that share their wording, such as a prompt with another greeting; it knows nothing of meaning.
 */
export function createNgramEmbedder(): Embedder {
  return { id: `ngrams-${DIMENSIONS}`, embed: async (texts) => texts.map(ngramVectorOf) };
}

const DIMENSIONS = 128;
/** A word; or one sign of a script that does not part words. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu;
/** Words of this length and more count in full: short ones are in every text. */
const FULL_LENGTH = 8;
const PAIR = 0x9e3779b1;

/** Of length 1; all zeros for a text without any word. */
export function ngramVectorOf(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  let before = 0;
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    const hash = hashOf(word);
    const weight = Math.min(word.length, FULL_LENGTH) / FULL_LENGTH;
    add(vector, hash, weight);
    add(vector, spread(Math.imul(before, PAIR) ^ hash), weight);
    before = hash;
  }
  return normalised(vector);
}

function add(vector: Float32Array, hash: number, weight: number): void {
  const at = hash & (DIMENSIONS - 1);
  vector[at] = (vector[at] ?? 0) + (hash < 0 ? -weight : weight);
}

/** The same direction with length 1, in place; zeros stay zeros. */
export function normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares > 0) {
    const scale = 1 / Math.sqrt(squares);
    for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) * scale;
  }
  return vector;
}
