import type { Authentication, Authenticator } from '../contracts/authenticator.ts';
import type { Clock } from '../contracts/clock.ts';

/** Failures of one address in one minute that are answered as such. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; beyond it the oldest is forgotten. */
const MOST_ADDRESSES = 10_000;

interface Failures {
  readonly since: number;
  count: number;
}

/**
 * Answers an address that failed again and again in the last minute as `rate_limited`. What it shows is checked all
 * the same: callers share addresses behind proxies, and one with a wrong key must not lock the others out.
 */
export function limitAttempts(inner: Authenticator, clock: Pick<Clock, 'monotonic'>): Authenticator {
  const addresses = new Map<string, Failures>();
  const answer = (address: string, found: Authentication): Authentication => {
    if (found.ok || found.refusal.code !== 'unauthenticated') return found;
    const now = clock.monotonic();
    const failures = currentOf(addresses, address, now);
    failures.count += 1;
    if (failures.count <= MOST_FAILURES) return found;
    return {
      ok: false,
      refusal: { code: 'rate_limited', retryAfterMs: failures.since + WINDOW_MS - now },
    };
  };
  return {
    authenticate(credentials) {
      const found = inner.authenticate(credentials);
      if (found instanceof Promise) return found.then((each) => answer(credentials.address, each));
      return answer(credentials.address, found);
    },
  };
}

function currentOf(addresses: Map<string, Failures>, address: string, now: number): Failures {
  const before = addresses.get(address);
  if (before !== undefined && now - before.since < WINDOW_MS) return before;
  // Put at the end: the map is in order of age.
  addresses.delete(address);
  const oldest = addresses.keys().next();
  if (addresses.size >= MOST_ADDRESSES && oldest.done !== true) addresses.delete(oldest.value);
  const fresh = { since: now, count: 0 };
  addresses.set(address, fresh);
  return fresh;
}
