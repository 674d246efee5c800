import { EMPTY_PREFIX, extendPrefix, hashText } from './hash.ts';

/** Tokens in one block: only whole blocks are found again. */
export const BLOCK_TOKENS = 16;

export interface CacheLookup {
  /** Prompt tokens whose state was there already. */
  readonly cached: number;
  /** Prompt tokens in whole blocks that were added. */
  readonly created: number;
}

/**
 * The prefix cache: remembers blocks of prompts by the hash of everything up to their end and, in the first
 * block, of the salt. Holds at most `capacity` blocks: when the younger half is full the older one is dropped,
 * and what is used again moves to the younger.
 */
export class PrefixCache {
  readonly #half: number;
  #young = new Set<number>();
  #old = new Set<number>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  /** Finds the prompt's longest known prefix and remembers all of it. The last token is always computed. */
  visit(tokens: readonly number[], salt: string | null): CacheLookup {
    let low = salt === null ? EMPTY_PREFIX : hashText(salt, EMPTY_PREFIX);
    let high = low ^ SECOND_LANE;
    const whole = Math.floor(tokens.length / BLOCK_TOKENS);
    const reusable = Math.floor((tokens.length - 1) / BLOCK_TOKENS);
    let found = 0;
    for (let block = 0; block < whole; block += 1) {
      for (let at = block * BLOCK_TOKENS; at < (block + 1) * BLOCK_TOKENS; at += 1) {
        low = extendPrefix(low, tokens[at] ?? 0);
        high = Math.imul(high ^ (tokens[at] ?? 0), LANE_FACTOR);
      }
      const key = (high >>> 11) * 0x1_0000_0000 + low;
      if (found === block && this.#has(key)) found += 1;
      this.#remember(key);
    }
    const cached = Math.min(found, reusable) * BLOCK_TOKENS;
    return { cached, created: (whole - found) * BLOCK_TOKENS };
  }

  clear(): void {
    this.#young = new Set();
    this.#old = new Set();
  }

  #has(key: number): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  #remember(key: number): void {
    this.#young.add(key);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}

/** A second, simpler hash beside the prefix hash: two prompts share a key by chance once in 2^53. */
const SECOND_LANE = 0x6a09e667;
const LANE_FACTOR = 0x01000193;
