import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWriteBehind } from '../../src/ledger/journal.ts';
import { checkMigrated, migrate } from '../../src/ledger/migrate.ts';
import { openArchive } from '../../src/ledger/evidence/archive.ts';
import { openStore, type Store } from '../../src/ledger/store.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { evidenceContract } from '../contracts/evidence.ts';
import { ledgerContract } from '../contracts/ledger.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { verdictRecord } from '../fakes/verdict-record.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

const logger = quietLogger();
const clock = createSystemClock();

describe('the ledger on PostgreSQL', () => {
  let server: PostgresServer;
  let store: Store;
  const open = (): Store =>
    openStore({ place: { url: server.url }, poolSize: 4, statementTimeoutMs: 15_000, logger });
  beforeAll(async () => {
    server = await startPostgres();
    store = open();
  });
  afterAll(async () => {
    await store.close();
    await server[Symbol.asyncDispose]();
  });

  it('is refused while it lacks its tables, and migrated once by gateways that start together', async () => {
    await expect(checkMigrated(store)).rejects.toMatchObject({
      code: 'storage_outdated',
      message: expect.stringContaining('0001-verdicts'),
    });
    const others = [open(), open()];
    const ran = await Promise.all([store, ...others].map((one) => migrate(one)));
    expect(ran.filter((names) => names.includes('0001-verdicts')).length).toBe(1);
    await checkMigrated(store);
    await Promise.all(others.map((one) => one.close()));
  });

  ledgerContract(() => store);
  evidenceContract(() => store);

  it('keeps what comes while PostgreSQL is gone, and writes it when it is back', async () => {
    const journal = createWriteBehind({ store, clock, logger, mostBytes: 1_000_000 });
    await journal.record([verdictRecord('vrd_early')]);
    await server.stopHard();
    const committed = journal.record([verdictRecord('vrd_late')]);
    await expect.poll(() => journal.health().isWriting, { timeout: 10_000 }).toBe(false);
    // Known to this gateway all the while; what is only in the database is not.
    expect((await journal.find('red', 'vrd_late'))?.verdict.id).toBe('vrd_late');
    await expect(journal.find('red', 'vrd_early')).rejects.toMatchObject({ code: 'storage_unavailable' });
    await server.start();
    await committed;
    expect(journal.health()).toMatchObject({ isWriting: true, waiting: 0, written: 2, refused: 0 });
    const { rows } = await store.run((db) =>
      sql`select id from verdict where id in ('vrd_early', 'vrd_late') order by id`.execute(db),
    );
    expect(rows).toEqual([{ id: 'vrd_early' }, { id: 'vrd_late' }]);
    await journal.close(5_000);
  });

  it('tells a gateway what another one withdrew, and not its own', async () => {
    const lane = { team: 'red', policy: 'shared', stratum: 'all' };
    const [one, other] = await Promise.all(
      ['one', 'other'].map((gateway) => openArchive({ store, clock, logger, gateway })),
    );
    const heard: string[] = [];
    one?.watch(({ policy }, detail) => heard.push(`one: ${policy} ${detail}`));
    other?.watch(({ policy }, detail) => heard.push(`other: ${policy} ${detail}`));
    one?.keepEvent({ type: 'withdrawn', lane, detail: 'crt_1: drift' });
    await expect
      .poll(() => heard.filter((line) => line.includes('shared')), { timeout: 10_000 })
      .toEqual(['other: shared crt_1: drift']);
    await Promise.all([one?.close(5_000), other?.close(5_000)]);
  });
});
