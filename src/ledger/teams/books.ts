import { type Kysely, sql, type Transaction } from 'kysely';
import type { StoredKey, StoredTeam, TeamBooks } from '../../contracts/teams.ts';
import type { Tables } from '../tables.ts';
import { writeEvent } from './audit.ts';
import { keyOf, teamOf } from './rows.ts';

/** Rows of one team that are read at most. */
const MOST_KEYS = 1000;
const MOST_TEAMS = 10_000;

/** What an act may do, within its transaction. */
export function booksOf(db: Transaction<Tables>): TeamBooks {
  return {
    teams: () => readTeams(db),
    saveTeam(name, settings) {
      const text = JSON.stringify(settings);
      return db
        .insertInto('team')
        .values({ name, settings: text })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ settings: text, updated_at: sql`now()` }),
        )
        .returningAll()
        .executeTakeFirstOrThrow()
        .then(teamOf);
    },
    async dropTeam(name) {
      await db.deleteFrom('team').where('name', '=', name).execute();
    },
    keys: (team) => readKeys(db, team),
    addKey({ expiresAt, scopes, ...key }) {
      const end = expiresAt === null ? null : new Date(expiresAt);
      const row = { ...key, scopes: [...scopes], expires_at: end };
      return db.insertInto('api_key').values(row).returningAll().executeTakeFirstOrThrow().then(keyOf);
    },
    endKey: (id, end) => endKey(db, id, end),
    write: (entry) => writeEvent(db, entry),
  };
}

export async function readKeys(db: Kysely<Tables>, team: string): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('api_key')
    .selectAll()
    .where('team', '=', team)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(MOST_KEYS)
    .execute();
  return rows.map(keyOf);
}

export async function readTeams(db: Kysely<Tables>): Promise<StoredTeam[]> {
  const rows = await db.selectFrom('team').selectAll().orderBy('name').limit(MOST_TEAMS).execute();
  return rows.map(teamOf);
}

async function endKey(
  db: Transaction<Tables>,
  id: string,
  end: Parameters<TeamBooks['endKey']>[1],
): Promise<StoredKey> {
  const change = end === 'revoked' ? { revoked_at: sql`now()` } : { expires_at: new Date(end.expiresAt) };
  const row = await db
    .updateTable('api_key')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return keyOf(row);
}
