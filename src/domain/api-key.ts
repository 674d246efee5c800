import { hash } from 'node:crypto';

/** An API key is `assay_<id>_<secret>`: the id finds it, its SHA-256 proves it. Nothing else of it is kept. */
const KEY = /^assay_([a-z0-9]{1,32})_[A-Za-z0-9]{20,128}$/;

/** The id in a key; null for what is no key. */
export function keyIdOf(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}

/** In hexadecimal. */
export function keyHashOf(key: string): string {
  return hash('sha256', key);
}

/** A key of an id (letters a to z and digits, at most 32) and a secret of at least 256 bits (letters and digits). */
export function keyOf(id: string, secret: string): string {
  const key = `assay_${id}_${secret}`;
  if (!KEY.test(key)) throw new Error('an API key was made of parts that it cannot have');
  return key;
}
