import type { OidcConfig } from './config/oidc-schema.ts';
import type { Config } from './config/schema.ts';
import type { Authenticator } from './contracts/authenticator.ts';
import type { Clock } from './contracts/clock.ts';
import type { Logger } from './contracts/telemetry.ts';
import { createOidcAuthenticator } from './tenancy/oidc/authenticator.ts';
import { createFetchKeys } from './tenancy/oidc/fetch-keys.ts';
import { createKeySet } from './tenancy/oidc/key-set.ts';

/** Authenticators for the tokens of issuers; outlives reloads, so that the keys that are known stay known. */
export type Issuers = (config: Config) => Authenticator | null;

export function createIssuers(parts: { readonly clock: Clock; readonly logger: Logger }): Issuers {
  let last: { readonly place: string; readonly keys: ReturnType<typeof createKeySet> } | null = null;
  const keysOf = ({ jwks, keysMaxAgeSeconds }: OidcConfig) => {
    const place = `${jwks} ${keysMaxAgeSeconds}`;
    if (last?.place !== place) {
      const options = { ...parts, fetch: createFetchKeys(jwks), maxAgeMs: keysMaxAgeSeconds * 1_000 };
      last = { place, keys: createKeySet(options) };
    }
    return last.keys;
  };
  return (config) => {
    const { oidc } = config;
    return oidc === undefined ? null : createOidcAuthenticator(rulesOf(oidc, config), keysOf(oidc), parts);
  };
}

function rulesOf(oidc: OidcConfig, { teams }: Config) {
  const named = Object.entries(oidc.teams).map(([name, team]) => {
    const { policies, classes } = teams[team] ?? {};
    const principal = {
      team,
      policies: policies === undefined ? null : new Set(policies),
      ...(classes === undefined ? {} : { classes: new Set(classes) }),
    };
    return [name, principal] as const;
  });
  const { scopes } = oidc;
  return {
    ...oidc,
    teams: new Map(named),
    scopes:
      scopes === undefined ? null : { claim: scopes.claim, values: new Map(Object.entries(scopes.values)) },
  };
}
