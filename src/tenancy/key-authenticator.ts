import { timingSafeEqual } from 'node:crypto';
import type { Authentication, Authenticator, Principal } from '../contracts/authenticator.ts';
import type { Clock } from '../contracts/clock.ts';
import { keyHashOf, keyIdOf } from '../domain/api-key.ts';

/** A key that somebody may show, with whom it stands for. */
export interface KnownKey {
  /** SHA-256 of the whole key as bytes of its hexadecimal text: making that is three times cheaper than bytes. */
  readonly digest: Buffer;
  /** Milliseconds since 1970; null for a key without end. */
  readonly expiresAt: number | null;
  readonly entry: Authentication & { readonly ok: true };
  /** Told when it was used. */
  use?(): void;
}

export function knownKey(sha256: string, principal: Principal, expiresAt: number | null = null): KnownKey {
  return { digest: Buffer.from(sha256, 'latin1'), expiresAt, entry: { ok: true, principal } };
}

const ABSENT = Buffer.alloc(64);
export const UNKNOWN: Authentication = {
  ok: false,
  refusal: { code: 'unauthenticated', retryAfterMs: null },
};

const BLIND: Authentication = {
  ok: false,
  refusal: { code: 'storage_unavailable', retryAfterMs: 5_000 },
};

/**
 * Checks API keys. Every failure takes the same path and gets the same answer; digests are compared in constant
 * time, for an unknown id with a digest that no key has.
 */
export function createKeyAuthenticator(
  find: (id: string) => KnownKey | undefined,
  clock: Pick<Clock, 'now'>,
  /** True while nobody can tell which keys there are. */
  isBlind = (): boolean => false,
): Authenticator {
  return {
    authenticate({ authorization }) {
      const key = keyFrom(authorization);
      const known = find(keyIdOf(key) ?? '');
      const matches = timingSafeEqual(Buffer.from(keyHashOf(key), 'latin1'), known?.digest ?? ABSENT);
      if (known === undefined) return isBlind() ? BLIND : UNKNOWN;
      if (!matches) return UNKNOWN;
      if (known.expiresAt !== null && clock.now() >= known.expiresAt) return UNKNOWN;
      known.use?.();
      return known.entry;
    },
  };
}

/** The gateway without keys: everybody is the same. Only for loopback, or when asked for. */
export function createOpenAuthenticator(principal: Principal): Authenticator {
  const entry: Authentication = { ok: true, principal };
  return { authenticate: () => entry };
}

/** The key in a Bearer header, or the user name of a Basic one (for clients that can only set a URL). */
function keyFrom(authorization: string | undefined): string {
  const [scheme = '', credentials = ''] = authorization?.split(' ', 2) ?? [];
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return '';
  return Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)[0] ?? '';
}
