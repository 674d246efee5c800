import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CallClass } from '../contracts/call.ts';
import type { Authenticator, Principal } from '../contracts/tenancy.ts';
import { GatewayError } from '../domain/errors.ts';

/**
 * API keys from the configuration. A key is `assay_<id>_<secret>`; only its SHA-256 is configured.
 * Every failure takes the same path and gets the same answer; digests are compared in constant time.
 */
export interface TeamKeys {
  readonly team: string;
  readonly policies: readonly string[] | null;
  /** Absent allows all. */
  readonly classes?: readonly CallClass[];
  readonly keys: readonly { readonly id: string; readonly sha256: string }[];
}

const KEY = /^assay_([a-z0-9]{1,32})_[A-Za-z0-9]{20,128}$/;
/** Digests are compared as hexadecimal text: making that is three times cheaper than making bytes. */
const ABSENT = Buffer.alloc(64);

export function createKeyAuthenticator(teams: readonly TeamKeys[]): Authenticator {
  const known = new Map<string, { readonly digest: Buffer; readonly principal: Principal }>();
  for (const team of teams) {
    const policies = team.policies === null ? null : new Set(team.policies);
    const classes = team.classes === undefined ? {} : { classes: new Set(team.classes) };
    for (const key of team.keys) {
      const principal: Principal = { team: team.team, keyId: key.id, policies, ...classes };
      known.set(key.id, { digest: Buffer.from(key.sha256, 'latin1'), principal });
    }
  }
  return {
    authenticate(authorization) {
      const key = keyFrom(authorization);
      const entry = known.get(KEY.exec(key)?.[1] ?? '');
      const digest = Buffer.from(hash('sha256', key), 'latin1');
      const matches = timingSafeEqual(digest, entry?.digest ?? ABSENT);
      if (entry === undefined || !matches) {
        throw new GatewayError('unauthenticated', 'the API key is missing or not valid');
      }
      return entry.principal;
    },
  };
}

/** A key that lives as long as the process: for a command that starts a gateway and then talks to it. */
export function createOwnKey(): { readonly key: string; readonly team: TeamKeys } {
  const id = `own${randomBytes(8).toString('hex')}`;
  const key = `assay_${id}_${randomBytes(32).toString('hex')}`;
  const sha256 = hash('sha256', key);
  return { key, team: { team: 'local', policies: null, keys: [{ id, sha256 }] } };
}

/** The gateway without keys: everybody is the team `default`. Only for loopback, or when asked for. */
export function createOpenAuthenticator(): Authenticator {
  const principal: Principal = { team: 'default', keyId: null, policies: null };
  return { authenticate: () => principal };
}

/** The key in a Bearer header, or the user name of a Basic one (for clients that can only set a URL). */
function keyFrom(authorization: string | undefined): string {
  const [scheme = '', credentials = ''] = authorization?.split(' ', 2) ?? [];
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return '';
  return Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)[0] ?? '';
}
