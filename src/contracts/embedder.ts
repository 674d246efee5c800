import type { Call } from './call.ts';

/**
 * Turns texts into vectors whose cosine says how alike the texts are. The plug point of the semantic cache:
 * built-in n-grams for near-duplicates, or an engine with a model for paraphrases.
 */
export interface Embedder {
  /** Tells embedders apart: vectors of two of them are never compared. */
  readonly id: string;
  /**
   * One unit vector for each text, all of one length; null when they could not be had in time. Never rejects:
   * a cache that cannot look is no reason to fail.
   */
  embed(texts: readonly string[], call: Call): Promise<readonly Float32Array[] | null>;
}
