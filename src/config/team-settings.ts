import { z } from 'zod';
import type { TeamSettings } from '../contracts/teams.ts';
import { GatewayError } from '../domain/errors.ts';
import { unknownName, problemsOf } from './issues.ts';
import { configSchema, teamSettings, type Config } from './schema.ts';

/** The place in the file where a team would stand: so messages and hints are the file's own. */
const place = z.strictObject({ teams: z.record(configSchema.shape.teams.unwrap().keyType, teamSettings) });

/**
 * Checks a team that is not in the file by the file's own schema, its keys apart. `policies` are those that there
 * are. Throws `invalid_request` with everything that is wrong.
 */
export function readTeamSettings(name: string, data: unknown, policies: readonly string[]): TeamSettings {
  const whole = { teams: { [name]: data } };
  const read = place.safeParse(whole);
  const problems = read.success
    ? unknownPolicies(read.data.teams[name]?.policies ?? [], policies)
    : problemsOf(read.error, whole).map(({ path, message }) => `${textOf(path.slice(2))} ${message}`.trim());
  const settings = read.data?.teams[name];
  if (problems.length === 0 && settings !== undefined) return settings;
  throw new GatewayError('invalid_request', problems.join('; '), { param: 'settings' });
}

/** The teams of the file in the same form. */
export function fileTeams({ teams }: Config): ReadonlyMap<string, TeamSettings> {
  return new Map(Object.entries(teams).map(([name, { keys: _keys, ...settings }]) => [name, settings]));
}

function unknownPolicies(wanted: readonly string[], policies: readonly string[]): string[] {
  return wanted
    .filter((policy) => !policies.includes(policy))
    .map((policy) => `policies: ${unknownName(policy, policies, 'policy')}`);
}

function textOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
