import type { Config } from './config/schema.ts';
import type { Authenticator, Principal } from './contracts/authenticator.ts';
import type { Clock } from './contracts/clock.ts';
import type { Issuers } from './compose-oidc.ts';
import { limitAttempts } from './tenancy/attempt-limit.ts';
import { anonymous, configKeys, type TeamKeys, WORK_SCOPES } from './tenancy/config-keys.ts';
import { tokenIn } from './tenancy/oidc/authenticator.ts';
import type { TeamDirectory } from './tenancy/directory.ts';
import { createKeyAuthenticator, createOpenAuthenticator } from './tenancy/key-authenticator.ts';

interface Known {
  readonly directory: TeamDirectory;
  readonly clock: Clock;
}

interface Callers extends Known {
  readonly issuers: Issuers;
}

/** Who may call the public API. `own` is the key of this process itself. */
export function createAuthenticator(config: Config, own: TeamKeys, known: Callers): Authenticator {
  const named = Object.entries(config.teams).map(([team, each]): TeamKeys => ({
    team,
    scopes: WORK_SCOPES,
    keys: each.keys,
    policies: each.policies ?? null,
    classes: each.classes,
  }));
  const tokens = known.issuers(config);
  const isClosed = named.length > 0 || config.server.requireKey || tokens !== null;
  return doorOf([...named, own], known, {
    isOpen: () => !isClosed && !known.directory.hasIssued(),
    everybody: anonymous('default', WORK_SCOPES),
    tokens,
  });
}

/** Who may call the admin API; `isOpen` says whether it asks for no key now. */
export function createAdminAuthenticator(
  { keys, requireKey }: NonNullable<Config['admin']>,
  known: Known,
): { readonly authenticator: Authenticator; isOpen(): boolean } {
  const isClosed = keys.length > 0 || requireKey;
  const isOpen = (): boolean => !isClosed && !known.directory.hasIssued('admin');
  const operators: TeamKeys = { team: 'admin', scopes: ['admin'], policies: null, keys };
  return {
    authenticator: doorOf([operators], known, {
      isOpen,
      everybody: anonymous('admin', ['admin']),
      tokens: null,
    }),
    isOpen,
  };
}

interface Door {
  isOpen(): boolean;
  readonly everybody: Principal;
  /** For signed tokens; null where none are taken. */
  readonly tokens: Authenticator | null;
}

/** Keys of the file, then those of the ledger; while it is open, everybody passes. */
function doorOf(
  teams: readonly TeamKeys[],
  { directory, clock }: Known,
  { isOpen, everybody, tokens }: Door,
): Authenticator {
  const file = configKeys(teams);
  const find = (id: string) => file.get(id) ?? directory.key(id);
  const keys = createKeyAuthenticator(find, clock, directory.isBlind);
  const either: Authenticator = {
    authenticate: (credentials) =>
      (tokens !== null && tokenIn(credentials.authorization) !== null ? tokens : keys).authenticate(
        credentials,
      ),
  };
  const closed = limitAttempts(tokens === null ? keys : either, clock);
  const open = createOpenAuthenticator(everybody);
  return { authenticate: (credentials) => (isOpen() ? open : closed).authenticate(credentials) };
}
