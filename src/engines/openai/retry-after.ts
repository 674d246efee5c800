/** However long an engine asks for, it is asked again after a minute at the latest. */
const LONGEST_MS = 60_000;

/**
 * Milliseconds that a `Retry-After` header asks to wait: seconds or an HTTP date (RFC 9110, section 10.2.3),
 * at most a minute. Undefined when there is none, when it makes no sense or when it lies in the past.
 */
export function readRetryAfter(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  const wait = SECONDS.test(text)
    ? Number(text) * 1_000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - now
      : NaN;
  return wait >= 0 ? Math.min(wait, LONGEST_MS) : undefined;
}

const SECONDS = /^\d+(?:\.\d+)?$/;
/** Checked before, because `Date.parse` makes a date of nearly everything. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
