import type { EvidenceSpan } from '../domain/critique.ts';

/** Quotes of a critique, checked against the response: only what really stands there is evidence. */
export interface Evidence {
  /** The critique without the marks around its quotes. */
  readonly critique: string;
  readonly spans: readonly EvidenceSpan[];
  /** Quotes that do not occur in the response. */
  readonly dropped: number;
}

const QUOTE = /<quote>([\s\S]*?)<\/quote>/g;
/** Quotes that are looked at; a critique with more repeats itself. */
const MOST_QUOTES = 64;

export function evidenceOf(critique: string, response: string): Evidence {
  const quotes = [...critique.matchAll(QUOTE)].slice(0, MOST_QUOTES).map(([, text = '']) => text.trim());
  const spans = new Map<number, EvidenceSpan>();
  let dropped = 0;
  for (const text of quotes) {
    const start = text === '' ? -1 : response.indexOf(text);
    if (start === -1) dropped += 1;
    else spans.set(start, { start, end: start + text.length, text });
  }
  return {
    critique: critique.replaceAll(QUOTE, '“$1”'),
    spans: [...spans.values()].toSorted((one, other) => one.start - other.start),
    dropped,
  };
}
