import type { Usage } from '../domain/cost.ts';
import { hashOf } from '../domain/text-hash.ts';

/**
 * How much of a prompt the engine will find in its prefix cache: what it said the last time that the same
 * affinity key was asked, and the mean of all calls for a key that it has not seen of late.
 */
export interface PrefixMemory {
  /** In [0, 1]. */
  cachedShare(affinity: string | undefined): number;
  learn(affinity: string | undefined, usage: Usage): void;
}

/** Keys that are remembered; an engine's cache forgets too. */
const MAXIMUM_KEYS = 4_096;
/** Share of the newest call in the mean. */
const NEWEST_SHARE = 1 / 64;

export function createPrefixMemory(): PrefixMemory {
  /** By hash: prompts are long, and a rare collision only makes a guess worse. The oldest first. */
  const shares = new Map<number, number>();
  let mean = 0;
  return {
    cachedShare: (affinity) => (affinity === undefined ? mean : (shares.get(hashOf(affinity)) ?? mean)),
    learn(affinity, { inputTokens, cachedInputTokens }) {
      if (inputTokens === 0) return;
      const share = cachedInputTokens / inputTokens;
      mean += (share - mean) * NEWEST_SHARE;
      if (affinity === undefined) return;
      const key = hashOf(affinity);
      shares.delete(key);
      shares.set(key, share);
      if (shares.size <= MAXIMUM_KEYS) return;
      for (const oldest of shares.keys()) {
        shares.delete(oldest);
        break;
      }
    },
  };
}
