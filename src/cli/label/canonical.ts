import { createHash } from 'node:crypto';

/** Deepest nesting of a row; deeper ones would overflow the stack of whoever writes them out again. */
const DEEPEST = 64;

/**
 * JSON with sorted keys and without spaces, so that equal values give equal texts.
 * Null when the value is nested deeper than 64 levels.
 */
export function canonicalJson(value: unknown, level = 0): string | null {
  if (level > DEEPEST) return null;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  const entries = Array.isArray(value)
    ? value.map((entry): [null, unknown] => [null, entry])
    : sortedEntries(value);
  for (const [key, entry] of entries) {
    const text = canonicalJson(entry, level + 1);
    if (text === null) return null;
    parts.push(key === null ? text : `${JSON.stringify(key)}:${text}`);
  }
  return Array.isArray(value) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function sortedEntries(value: object): [string, unknown][] {
  return Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** First 16 hex digits of the SHA-256 of a text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
