import { type OpenStorage, openStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import { fileTeams, readTeamSettings } from './config/team-settings.ts';
import type { OpenTeams } from './contracts/program.ts';
import type { TeamAdministration } from './contracts/team-administration.ts';
import { GatewayError } from './domain/errors.ts';
import { createTeamStore } from './ledger/teams/team-store.ts';
import { createTeamAdministration } from './tenancy/administration.ts';
import { createTeamDirectory, type TeamDirectory } from './tenancy/directory.ts';

/** Who is known, and how operators change it. */
export interface TeamRegistry {
  readonly teams: TeamDirectory;
  /** Null where nothing is kept. */
  readonly administration: TeamAdministration | null;
}

type RegistryParts = Pick<Parts, 'clock' | 'logger' | 'random'> & {
  changed(teams: TeamDirectory): void;
};

/** Reads the ledger's teams before it resolves. Throws `storage_unavailable`. */
export async function openTeamRegistry(
  storage: OpenStorage | null,
  config: () => Config,
  { clock, logger, random, changed }: RegistryParts,
): Promise<TeamRegistry> {
  const store = storage === null ? null : createTeamStore(storage.store);
  const teams = createTeamDirectory({ store, clock, logger, changed: () => changed(teams) });
  try {
    await teams.refresh();
  } catch (error) {
    await teams.close();
    throw error;
  }
  if (store === null) return { teams, administration: null };
  const settingsOf = (team: string, settings: unknown) =>
    readTeamSettings(team, settings, Object.keys(config().policies));
  return {
    teams,
    administration: createTeamAdministration({ store, directory: teams, settingsOf, clock, random }),
  };
}

/** For a command: teams and keys of a configuration's ledger, with nothing else of a gateway. */
export async function openTeams(loaded: LoadedConfig, parts: Parts): Promise<OpenTeams> {
  const { config } = loaded;
  const storage = await openStorage(loaded, parts, { ephemeral: false });
  if (storage === null) {
    throw new GatewayError('storage_missing', 'there is no ledger for teams and keys: storage is none');
  }
  try {
    const registry = await openTeamRegistry(storage, () => config, { ...parts, changed: () => undefined });
    const { teams, administration } = registry;
    if (administration === null) throw new Error('an open storage has no teams');
    teams.use(fileTeams(config));
    return {
      ...administration,
      async close() {
        await teams.close();
        await storage.close();
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
