/** Mixes two 32-bit numbers into one; every bit of both reaches every bit of the result. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A 32-bit hash of a text's UTF-16 units (FNV-1a, then mixed). */
export function hashText(text: string, seed = 0): number {
  let hash = FNV_BASIS ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  return mix(hash, text.length);
}

/** A number in (0, 1) for a 32-bit hash. */
export function uniformOf(hash: number): number {
  return ((hash >>> 0) + 0.5) / 0x1_0000_0000;
}

/** A standard normal number for a 32-bit hash (Box-Muller). */
export function normalOf(hash: number): number {
  const radius = Math.sqrt(-2 * Math.log(uniformOf(mix(hash, 1))));
  return radius * Math.cos(2 * Math.PI * uniformOf(mix(hash, 2)));
}

/** Where a token prefix begins. */
export const EMPTY_PREFIX = 0x2545f491;

/** The hash of a prefix that is one token longer. */
export function extendPrefix(prefix: number, token: number): number {
  return mix(prefix, token);
}

export function hashPrefix(tokens: readonly number[]): number {
  let prefix = EMPTY_PREFIX;
  for (const token of tokens) prefix = extendPrefix(prefix, token);
  return prefix;
}
