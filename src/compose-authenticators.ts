import type { Config } from './config/schema.ts';
import type { Authenticator, Principal } from './contracts/authenticator.ts';
import type { Clock } from './contracts/clock.ts';
import { limitAttempts } from './tenancy/attempt-limit.ts';
import { anonymous, configKeys, type TeamKeys, WORK_SCOPES } from './tenancy/config-keys.ts';
import type { TeamDirectory } from './tenancy/directory.ts';
import { createKeyAuthenticator, createOpenAuthenticator } from './tenancy/key-authenticator.ts';

interface Known {
  readonly directory: TeamDirectory;
  readonly clock: Clock;
}

/** Who may call the public API. `own` is the key of this process itself. */
export function createAuthenticator(config: Config, own: TeamKeys, known: Known): Authenticator {
  const named = Object.entries(config.teams).map(([team, each]): TeamKeys => ({
    team,
    scopes: WORK_SCOPES,
    keys: each.keys,
    policies: each.policies ?? null,
    classes: each.classes,
  }));
  const isClosed = named.length > 0 || config.server.requireKey;
  return doorOf([...named, own], known, {
    isOpen: () => !isClosed && !known.directory.hasIssued(),
    everybody: anonymous('default', WORK_SCOPES),
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
    authenticator: doorOf([operators], known, { isOpen, everybody: anonymous('admin', ['admin']) }),
    isOpen,
  };
}

/** Keys of the file, then those of the ledger; while it is open, everybody passes. */
function doorOf(
  teams: readonly TeamKeys[],
  { directory, clock }: Known,
  { isOpen, everybody }: { isOpen(): boolean; readonly everybody: Principal },
): Authenticator {
  const file = configKeys(teams);
  const find = (id: string) => file.get(id) ?? directory.key(id);
  const closed = limitAttempts(createKeyAuthenticator(find, clock, directory.isBlind), clock);
  const open = createOpenAuthenticator(everybody);
  return { authenticate: (credentials) => (isOpen() ? open : closed).authenticate(credentials) };
}
