import { createHmac } from 'node:crypto';

/**
 * Makes the word that fences the texts of one prompt, so that no text can end its own part and speak as the
 * judge's instructions. The word comes from a secret, the rubric and the prompt: all that two orders of an
 * item, or two items about one prompt, show before the first candidate is then the same to the byte, and an
 * engine's prefix cache serves it.
 *
 * Why a writer of candidates cannot use it: without the secret the word is one of 2^50 (HMAC-SHA256 is a
 * pseudo-random function), it is never shown to callers, and knowing it would not help either. A text that
 * holds the word gets another word, and that one depends on the secret as well: there is no text that holds
 * the word it is fenced with.
 */
export type Fence = (shared: SharedTexts, texts: readonly string[]) => string;

/** What all questions about one prompt have in common. */
export interface SharedTexts {
  readonly rubric: string;
  readonly prompt: string;
}

/** `secret` should have 128 bits of entropy; gateways with equal secrets share their engines' prefix caches. */
export function createFence(secret: string): Fence {
  return ({ rubric, prompt }, texts) => {
    for (let draw = 0; ; draw += 1) {
      const digest = createHmac('sha256', secret)
        .update(`${draw} ${rubric.length}:`)
        .update(rubric)
        .update(prompt)
        .digest();
      const word = wordOf(digest);
      if (!texts.some((text) => text.includes(word))) return word;
    }
  };
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';
const LENGTH = 10;

function wordOf(digest: Buffer): string {
  let word = '';
  for (const byte of digest.subarray(0, LENGTH)) word += ALPHABET[byte & 31] ?? '';
  return word;
}
