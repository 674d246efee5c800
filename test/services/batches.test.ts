import { migrate } from '../../src/ledger/migrate.ts';
import { openStore } from '../../src/ledger/store.ts';
import { batchContract } from '../contracts/batches.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { startPostgres } from './postgres.ts';

batchContract('PostgreSQL', async () => {
  const server = await startPostgres();
  const logger = quietLogger();
  const store = openStore({ place: { url: server.url }, poolSize: 4, statementTimeoutMs: 15_000, logger });
  await migrate(store);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await server[Symbol.asyncDispose]();
    },
  };
});
