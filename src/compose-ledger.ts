import { resolve } from 'node:path';
import type { Parts } from './compose-parts.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config, StorageConfig } from './config/schema.ts';
import type { Clock } from './contracts/clock.ts';
import type { CostBook } from './contracts/costs.ts';
import type { EvidenceArchive } from './contracts/evidence.ts';
import type { Journal } from './contracts/ledger.ts';
import type { Logger } from './contracts/telemetry.ts';
import { GatewayError } from './domain/errors.ts';
import { type EmbeddedDatabase, startEmbeddedDatabase } from './ledger/embedded/database.ts';
import { createCostBook } from './ledger/costs/book.ts';
import { openArchive } from './ledger/evidence/archive.ts';
import { dropOldPeriods } from './ledger/budgets/slices.ts';
import { dropOldEvidence } from './ledger/evidence/load.ts';
import { createWriteBehind } from './ledger/journal.ts';
import { checkMigrated, migrate } from './ledger/migrate.ts';
import { dropOldEvents } from './ledger/teams/audit.ts';
import { openStore, type Store } from './ledger/store.ts';
import { tendPartitions } from './ledger/verdicts/partitions.ts';

/** The open database of a gateway. Whatever writes to it must be closed first. */
export interface OpenStorage {
  readonly store: Store;
  close(): Promise<void>;
}

type KeptStorage = Exclude<StorageConfig, { kind: 'none' }>;

/** Opens what the configuration says, with its tables up to date; null where nothing is to be kept. */
export async function openStorage(
  { config, directory }: LoadedConfig,
  parts: Parts,
  options: { readonly ephemeral: boolean },
): Promise<OpenStorage | null> {
  const { storage } = config;
  if (storage.kind === 'none') return null;
  // A run of a command beside the gateway that holds the folder keeps nothing rather than fail.
  if (storage.kind === 'embedded' && options.ephemeral) return null;
  const opened = await openDatabase(storage, directory, parts);
  try {
    await (storage.migrate ? migrate(opened.store) : checkMigrated(opened.store));
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** What is kept of a gateway's work. */
export interface Ledger {
  readonly journal: Journal;
  readonly archive: EvidenceArchive;
  costsOf(config: Config): CostBook;
  /** Writes what waits. The storage stays open. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** Longer than the longest period of a budget. */
const BUDGET_DAYS = 40;
/** Acts of operators are kept so long. */
const AUDIT_DAYS = 400;

/** Rows that may wait while the database is away, in bytes: some 40,000 verdicts. */
const MOST_WAITING_BYTES = 67_108_864;
/** Time to write them at shutdown, in milliseconds. */
const CLOSE_MS = 10_000;
/** How often tables by week are made ahead and dropped, in milliseconds. */
const TEND_MS = 3_600_000;

export async function openLedger({ store }: OpenStorage, { storage }: Config, parts: Parts): Promise<Ledger> {
  const { clock, logger } = parts;
  const journal = createWriteBehind({ store, clock, logger, mostBytes: MOST_WAITING_BYTES });
  const retentionDays = storage.kind === 'none' ? 0 : storage.retentionDays;
  const tend = async (): Promise<void> => {
    const now = clock.now();
    const dropped = await tendPartitions(store, { now, retentionDays });
    await dropOldEvidence(store, new Date(now - retentionDays * DAY_MS));
    await dropOldPeriods(store, now - BUDGET_DAYS * DAY_MS);
    await dropOldEvents(store, new Date(now - AUDIT_DAYS * DAY_MS));
    if (dropped.length > 0) logger.info({ dropped }, 'verdicts beyond their retention were dropped');
  };
  await tend();
  const archive = await openArchive({ store, clock, logger, gateway: parts.random.id('gtw_') });
  const stopTending = every(TEND_MS, clock, () =>
    tend().catch((error: unknown) =>
      logger.error({ err: error }, "the ledger's tables by week were not tended"),
    ),
  );
  return {
    journal,
    archive,
    costsOf: ({ policies }) => createCostBook(store, (policy) => policies[policy]?.tiers.at(-1) ?? null),
    async close() {
      stopTending();
      await Promise.all([journal.close(CLOSE_MS), archive.close(CLOSE_MS)]);
    },
  };
}

function every(ms: number, clock: Clock, work: () => Promise<void>): () => void {
  let cancel = (): void => undefined;
  let isStopped = false;
  const next = (): void => {
    if (!isStopped) cancel = clock.after(ms, () => void work().finally(next));
  };
  next();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Brings the tables up to date, whatever `storage.migrate` says; the names of the migrations that ran. */
export async function migrateStorage(
  { config, directory }: LoadedConfig,
  parts: Parts,
): Promise<readonly string[]> {
  const { storage } = config;
  if (storage.kind === 'none') {
    throw new GatewayError('storage_missing', 'there is nothing to migrate: storage is none');
  }
  const opened = await openDatabase(storage, directory, parts);
  try {
    return await migrate(opened.store);
  } finally {
    await opened.close();
  }
}

async function openDatabase(
  storage: KeptStorage,
  directory: string,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<OpenStorage> {
  if (storage.kind === 'postgres') {
    const { url, poolSize, statementTimeoutMs } = storage;
    const store = openStore({ place: { url }, poolSize, statementTimeoutMs, logger });
    return { store, close: () => store.close() };
  }
  const folder = resolve(directory, storage.directory);
  const database: EmbeddedDatabase = await startEmbeddedDatabase({ directory: folder, clock, logger });
  const store = openStore({
    place: database,
    poolSize: 1,
    statementTimeoutMs: EMBEDDED_STATEMENT_MS,
    logger,
  });
  logger.info(
    { directory: folder, pid: database.pid() },
    'embedded database: survives a killed process, not a power cut; serves one gateway',
  );
  return {
    store,
    async close() {
      await store.close();
      await database.stop();
    },
  };
}

/** The embedded database answers one statement at a time: a late one has waited for others. */
const EMBEDDED_STATEMENT_MS = 30_000;
