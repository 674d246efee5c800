import type { Kysely } from 'kysely';
import { type Migration, type MigrationInfo, type MigrationResultSet, Migrator } from 'kysely/migration';
import { GatewayError } from '../domain/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Store } from './store.ts';
import { asStorageError } from './storage-error.ts';

/**
 * Brings the tables of a database to what this version needs. All pending migrations run in one transaction
 * under an advisory lock: gateways that start together wait for each other, and a failure changes nothing.
 * Resolves with the names of those that ran. Throws `storage_unavailable`, or `storage_outdated` for a
 * database that a newer Assay has migrated.
 */
export async function migrate(store: Store): Promise<readonly string[]> {
  const result = await migratorOf(store.db).migrateToLatest();
  return namesOf(result);
}

/** Throws `storage_outdated` with the names of what is missing, and changes nothing. */
export async function checkMigrated(store: Store): Promise<void> {
  const known = await store.run(() => migratorOf(store.db).getMigrations());
  const missing = known.filter(({ executedAt }: MigrationInfo) => executedAt === undefined);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  throw new GatewayError('storage_outdated', `the database lacks the migrations ${names}`);
}

function migratorOf(db: Kysely<never> | Store['db']): Migrator {
  // Migrations are made for a database whose tables are not known yet.
  return new Migrator({
    db,
    provider: { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) },
    // Rooms add migrations side by side, each in a range of numbers of its own.
    allowUnorderedMigrations: true,
  });
}

function namesOf({ error, results = [] }: MigrationResultSet): string[] {
  if (error === undefined) return results.map(({ migrationName }) => migrationName);
  const failed = results.find(({ status }) => status === 'Error')?.migrationName;
  const known = asStorageError(error);
  if (known instanceof GatewayError) throw known;
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  if (failed === undefined && text.includes('is missing')) {
    throw new GatewayError(
      'storage_outdated',
      `the database was migrated by another version of Assay: ${text}`,
    );
  }
  throw new Error(`the migration ${failed ?? 'of the database'} failed: ${text}`, { cause: error });
}
