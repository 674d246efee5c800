import type { Config } from './config/schema.ts';
import type { Authenticator } from './contracts/authenticator.ts';
import type { Clock } from './contracts/clock.ts';
import { limitAttempts } from './tenancy/attempt-limit.ts';
import { anonymous, configKeys, type TeamKeys, WORK_SCOPES } from './tenancy/config-keys.ts';
import { createKeyAuthenticator, createOpenAuthenticator } from './tenancy/key-authenticator.ts';

/** Who may call the public API. `own` is the key of this process itself. */
export function createAuthenticator({ teams }: Config, own: TeamKeys, clock: Clock): Authenticator {
  const named = Object.entries(teams);
  if (named.length === 0) return createOpenAuthenticator(anonymous('default', WORK_SCOPES));
  const keys = configKeys([
    ...named.map(([team, each]) => ({
      team,
      scopes: WORK_SCOPES,
      keys: each.keys,
      policies: each.policies ?? null,
      classes: each.classes,
    })),
    own,
  ]);
  return limitAttempts(
    createKeyAuthenticator((id) => keys.get(id), clock),
    clock,
  );
}

/** Who may call the admin API; without keys, everybody who reaches it. */
export function createAdminAuthenticator(
  { keys }: NonNullable<Config['admin']>,
  clock: Clock,
): Authenticator {
  if (keys.length === 0) return createOpenAuthenticator(anonymous('admin', ['admin']));
  const known = configKeys([{ team: 'admin', scopes: ['admin'], policies: null, keys }]);
  return limitAttempts(
    createKeyAuthenticator((id) => known.get(id), clock),
    clock,
  );
}
