import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../src/ledger/embedded/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openStore, type Store } from '../../src/ledger/store.ts';
import type { Logger } from '../../src/contracts/telemetry.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';

export interface TestStore extends AsyncDisposable {
  readonly store: Store;
  readonly database: EmbeddedDatabase;
  /** Data of the database. */
  readonly folder: string;
}

/** The embedded database in a folder (a fresh one, removed at the end, when none is given), with all tables. */
export async function startTestStore(given?: string): Promise<TestStore> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'assay-store-'));
  const logger = quietLogger();
  const database = await startEmbeddedDatabase({ directory: folder, clock: createSystemClock(), logger });
  const store = openStore({ place: database, poolSize: 1, statementTimeoutMs: 15_000, logger });
  await migrate(store);
  return {
    store,
    database,
    folder,
    async [Symbol.asyncDispose]() {
      await store.close();
      await database.stop();
      if (given === undefined) rmSync(folder, { recursive: true });
    },
  };
}

export function quietLogger(): Logger {
  const ignore = (): void => undefined;
  return { info: ignore, warn: ignore, error: ignore, flush: ignore };
}
