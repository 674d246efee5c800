import { sql, type Transaction } from 'kysely';
import type { Scope } from '../../contracts/authenticator.ts';
import type { NewKey, TeamSnapshot, TeamStore } from '../../contracts/teams.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { readEvents, writeEvent } from './audit.ts';
import { booksOf, readKeys, readTeams } from './books.ts';

/** Keys that a gateway knows at most; one that is not among them is refused. */
const MOST_KEYS = 100_000;

/** Teams, keys and the audit log in the database. It keeps and orders; what an act may do is decided in `tenancy`. */
export function createTeamStore(store: Store): TeamStore {
  return {
    version: () =>
      store
        .run((db) => db.selectFrom('team_version').select('version').executeTakeFirstOrThrow())
        .then(({ version }) => version),
    snapshot: () => store.transaction(readSnapshot),
    keys: (team) => store.run((db) => readKeys(db, team)),
    act: (work) =>
      store.transaction(async (db) => {
        // First: it holds the row to the end of the act, and so the acts of all gateways in order.
        await db
          .updateTable('team_version')
          .set({ version: sql`version + 1` })
          .execute();
        return work(booksOf(db));
      }),
    async markUsed(ids) {
      if (ids.length === 0) return;
      await store.run((db) =>
        db
          .updateTable('api_key')
          .set({ last_used_at: sql`now()` })
          .where('id', 'in', ids)
          .execute(),
      );
    },
    record: (entry) => store.run((db) => writeEvent(db, entry)),
    events: (query) => readEvents(store, query),
  };
}

async function readSnapshot(db: Transaction<Tables>): Promise<TeamSnapshot> {
  // Held against acts: what follows belongs to this version.
  const { version } = await db
    .selectFrom('team_version')
    .select('version')
    .forShare()
    .executeTakeFirstOrThrow();
  const keys = await db
    .selectFrom('api_key')
    .select(['id', 'team', 'label', 'scopes', 'sha256', 'expires_at'])
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]))
    .orderBy('created_at', 'desc')
    .limit(MOST_KEYS)
    .execute();
  const issued = await sql<{ scope: Scope }>`select distinct unnest(scopes) as scope from api_key`.execute(
    db,
  );
  return {
    version,
    teams: await readTeams(db),
    keys: keys.map(({ expires_at: end, ...key }): NewKey => ({ ...key, expiresAt: end?.getTime() ?? null })),
    everIssued: issued.rows.map(({ scope }) => scope),
  };
}
