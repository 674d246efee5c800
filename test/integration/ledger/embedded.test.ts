import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedDatabase } from '../../../src/ledger/embedded/database.ts';
import { checkMigrated, migrate } from '../../../src/ledger/migrate.ts';
import { createSystemClock } from '../../../src/telemetry/system-clock.ts';
import { quietLogger, startTestStore, type TestStore } from '../../fakes/embedded-store.ts';

/** The database that a gateway starts itself, as a real child process. */
describe('the embedded database', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await startTestStore();
    await test.store.run((db) => sql`create table kept (n bigint primary key)`.execute(db));
  }, 90_000);
  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });
  const kept = async (): Promise<unknown[]> => {
    const { rows } = await test.store.run((db) =>
      sql<{ n: number }>`select n from kept order by n`.execute(db),
    );
    return rows.map(({ n }) => n);
  };
  const add = (n: number): Promise<unknown> =>
    test.store.run((db) => sql`insert into kept values (${n})`.execute(db));

  it('is up to date after its migrations, which then do nothing', async () => {
    await checkMigrated(test.store);
    expect(await migrate(test.store)).toEqual([]);
  });

  it('commits what resolves, rolls back what fails, and takes parallel work in turn', async () => {
    const failing = test.store.transaction(async (transaction) => {
      await sql`insert into kept values (1)`.execute(transaction);
      throw new Error('no');
    });
    const adding = [add(2), add(3), add(4)];
    await expect(failing).rejects.toThrow('no');
    await Promise.all(adding);
    expect(await kept()).toEqual([2, 3, 4]);
  });

  it('is for its owner alone, and refuses a second gateway by name', async () => {
    const owner = JSON.parse(readFileSync(join(test.folder, 'assay.lock'), 'utf8'));
    expect(owner).toMatchObject({ pid: test.database.pid() });
    const second = startEmbeddedDatabase({
      directory: test.folder,
      clock: createSystemClock(),
      logger: quietLogger(),
    });
    await expect(second).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining(`is in use by process ${test.database.pid()}`),
    });
    expect(await kept()).toEqual([2, 3, 4]);
  });

  it('comes back after a kill with everything that was committed, and says meanwhile that it is away', async () => {
    const pid = test.database.pid() ?? 0;
    await add(5);
    process.kill(pid, 'SIGKILL');
    const seen = new Set<string>();
    let rows: unknown[] | null = null;
    while (rows === null) {
      rows = await kept().catch((error: { code: string }) => {
        seen.add(error.code);
        return null;
      });
    }
    expect(rows).toEqual([2, 3, 4, 5]);
    expect([...seen]).toEqual(['storage_unavailable']);
    expect(test.database.pid()).not.toBe(pid);
  }, 60_000);

  it('is killed and started again when it stands still', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'assay-stuck-'));
    const database = await startEmbeddedDatabase({
      directory,
      clock: createSystemClock(),
      logger: quietLogger(),
      stuckAfterMs: 3_000,
    });
    const pid = database.pid() ?? 0;
    process.kill(pid, 'SIGSTOP');
    await expect.poll(() => database.pid() ?? pid, { timeout: 40_000 }).not.toBe(pid);
    await database.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('leaves neither socket nor lock behind', async () => {
    const { socketFolder } = test.database;
    await test.store.close();
    await test.database.stop();
    expect(existsSync(socketFolder)).toBe(false);
    expect(existsSync(join(test.folder, 'assay.lock'))).toBe(false);
    expect(test.database.pid()).toBe(null);
  });
});
