import type { Item } from '../domain/item.ts';
import { hashOf, spread } from '../domain/text-hash.ts';

/**
 * Near-duplicates by MinHash (Broder 1997): a text is the set of its five-word shingles, a sketch the least hash
 * of the set under each of 64 functions, and two sketches agree in as many places as the sets overlap
 * (Jaccard). Banding finds candidates without comparing all pairs.
 */
export type Sketch = Uint32Array;

const FUNCTIONS = 64;
const WORDS = 5;
/** 16 bands of 4: pairs that overlap by .8 share a band with probability .9998, those by .3 with .12. */
const ROWS_PER_BAND = 4;

/** Case and spacing do not count. A text of fewer than five words is one shingle. */
export function sketchOf(text: string): Sketch {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  const sketch = new Uint32Array(FUNCTIONS).fill(0xffffffff);
  const last = Math.max(0, words.length - WORDS);
  for (let at = 0; at <= last; at += 1) {
    const shingle = hashOf(words.slice(at, at + WORDS).join(' '));
    for (let i = 0; i < FUNCTIONS; i += 1) {
      const hash = spread(shingle ^ Math.imul(i + 1, 0x9e3779b1)) >>> 0;
      if (hash < (sketch[i] ?? 0)) sketch[i] = hash;
    }
  }
  return sketch;
}

/** All texts of an item as one. */
export function sketchOfItem({ prompt, candidates }: Pick<Item, 'prompt' | 'candidates'>): Sketch {
  const asked = typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join(' ');
  return sketchOf([asked, ...candidates].join(' '));
}

/** Estimated overlap of the two texts' shingles, in [0, 1]; its standard error is at most 1 / 16. */
export function similarityOf(one: Sketch, other: Sketch): number {
  let same = 0;
  for (let i = 0; i < FUNCTIONS; i += 1) if (one[i] === other[i]) same += 1;
  return same / FUNCTIONS;
}

/** Sketches in the order they came, and to which earlier one each is near. Some 600 bytes for each. */
export class NearDuplicates {
  readonly #least: number;
  readonly #sketches: Sketch[] = [];
  readonly #bands = new Map<number, number[]>();

  /** @param least - Overlap from which two texts count as near-duplicates, in (0, 1]. */
  constructor(least: number) {
    this.#least = least;
  }

  /** Adds a text; the number of the first kept text that it is near to, or null: then it is kept, as the next number. */
  add(sketch: Sketch): number | null {
    const keys = bandKeys(sketch);
    const earlier = this.#find(sketch, keys);
    if (earlier !== null) return earlier;
    const number = this.#sketches.push(sketch) - 1;
    for (const key of keys) {
      const band = this.#bands.get(key);
      if (band === undefined) this.#bands.set(key, [number]);
      else if (band.length < MOST_IN_BAND) band.push(number);
    }
    return null;
  }

  /** The number of the first kept text that it is near to, or null; nothing is added. */
  find(sketch: Sketch): number | null {
    return this.#find(sketch, bandKeys(sketch));
  }

  #find(sketch: Sketch, keys: readonly number[]): number | null {
    for (const key of keys) {
      for (const earlier of this.#bands.get(key) ?? []) {
        const other = this.#sketches[earlier];
        if (other !== undefined && similarityOf(sketch, other) >= this.#least) return earlier;
      }
    }
    return null;
  }
}

/** Texts of one band that are compared: a boilerplate beginning must not make the work quadratic. */
const MOST_IN_BAND = 64;

function bandKeys(sketch: Sketch): number[] {
  const keys: number[] = [];
  for (let start = 0; start < FUNCTIONS; start += ROWS_PER_BAND) {
    let key = start;
    for (let i = start; i < start + ROWS_PER_BAND; i += 1) key = spread(key ^ (sketch[i] ?? 0));
    keys.push(key);
  }
  return keys;
}
