import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Authentication, Authenticator, Principal, Scope } from '../../contracts/authenticator.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { UNKNOWN } from '../key-authenticator.ts';
import { KeysUnavailable } from './key-set.ts';

/** Which tokens of which issuer stand for which team. */
export interface OidcRules {
  readonly issuer: string;
  readonly audience: string;
  /** Signatures that are taken; all with public keys. */
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  /** Claim with a name or a list of names, and what team each name stands for: the first that a token has counts. */
  readonly teamClaim: string;
  readonly teams: ReadonlyMap<string, Pick<Principal, 'team' | 'policies' | 'classes'>>;
  /** The claim that says what is allowed (a list, or words with spaces between); null allows submit and read. */
  readonly scopes: { readonly claim: string; readonly values: ReadonlyMap<string, Scope> } | null;
}

/** A longer one is no token of ours: checking it would be somebody else's work. */
const MOST_CHARACTERS = 8 * 1024;
const TOKEN = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** The token of a header that has a signed one (RFC 7519); keys of Assay have no dots. */
export function tokenIn(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > MOST_CHARACTERS) return null;
  return TOKEN.exec(authorization)?.[1] ?? null;
}

/**
 * Bearer tokens of an OpenID Connect issuer: signature, issuer, audience and times are checked at every request, with
 * keys that are kept. Whatever is wrong with a token gets the answer that a wrong key gets.
 */
export function createOidcAuthenticator(
  rules: OidcRules,
  keys: JWTVerifyGetKey,
  { clock, logger }: { readonly clock: Pick<Clock, 'now'>; readonly logger: Logger },
): Authenticator {
  return {
    async authenticate({ authorization }): Promise<Authentication> {
      const token = tokenIn(authorization);
      if (token === null) return UNKNOWN;
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: rules.issuer,
          audience: rules.audience,
          algorithms: [...rules.algorithms],
          clockTolerance: rules.clockToleranceSeconds,
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp'],
        });
        return principalOf(payload, rules);
      } catch (error) {
        if (error instanceof errors.JOSEError) return UNKNOWN;
        // A key of the issuer that cannot be used, mostly.
        if (!(error instanceof KeysUnavailable)) logger.error({ err: error }, 'a token could not be checked');
        return NOBODY_KNOWS;
      }
    },
  };
}

const NOBODY_KNOWS: Authentication = {
  ok: false,
  refusal: { code: 'storage_unavailable', retryAfterMs: 10_000 },
};

function principalOf(payload: JWTPayload, rules: OidcRules): Authentication {
  const named = new Set(namesIn(payload[rules.teamClaim]));
  const entry = [...rules.teams].find(([name]) => named.has(name));
  if (entry === undefined) return UNKNOWN;
  const [, of] = entry;
  return { ok: true, principal: { ...of, keyId: keyIdOf(payload), scopes: scopesOf(payload, rules) } };
}

const WORK: ReadonlySet<Scope> = new Set(['submit', 'read']);

function scopesOf(payload: JWTPayload, { scopes }: OidcRules): ReadonlySet<Scope> {
  if (scopes === null) return WORK;
  const words = namesIn(payload[scopes.claim]).flatMap((name) => name.split(' '));
  return new Set(words.flatMap((word) => scopes.values.get(word) ?? []));
}

function namesIn(claim: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return all.filter((name) => typeof name === 'string');
}

const HARMLESS = /^[\w.@|:-]{1,128}$/;

/** Whose token it was, for logs. */
function keyIdOf({ sub }: JWTPayload): string {
  return sub !== undefined && HARMLESS.test(sub) ? `oidc:${sub}` : 'oidc';
}
