import { afterAll, beforeAll, describe } from 'vitest';
import { migrate } from '../../src/ledger/migrate.ts';
import { openStore, type Store } from '../../src/ledger/store.ts';
import { sliceStoreContract } from '../contracts/slice-store.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

describe('budgets on PostgreSQL', () => {
  let server: PostgresServer;
  let store: Store;
  beforeAll(async () => {
    server = await startPostgres();
    const logger = quietLogger();
    store = openStore({ place: { url: server.url }, poolSize: 4, statementTimeoutMs: 15_000, logger });
    await migrate(store);
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await server[Symbol.asyncDispose]();
  });
  sliceStoreContract(() => store);
});
