const FIRST_MS = 100;
const LONGEST_MS = 5000;

/**
 * How long to wait before try number `attempt + 1`: full jitter, uniform between 0 and a bound that doubles
 * from 100 ms to 5 s. A server's Retry-After is a floor.
 */
export function backoffMs(attempt: number, retryAfterMs: number): number {
  const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return retryAfterMs + Math.random() * bound;
}

const LONGEST_RETRY_AFTER_MS = 60_000;

/** Milliseconds of a Retry-After header, seconds or a date; 0 when there is none, at most a minute. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, wait)) : 0;
}
