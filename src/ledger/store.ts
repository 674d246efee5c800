import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { Pool, type PoolClient, type PoolConfig, types } from 'pg';
import type { Logger } from '../contracts/telemetry.ts';
import { asStorageError } from './storage-error.ts';
import type { Tables } from './tables.ts';

/**
 * The ledger's way to PostgreSQL: one bounded pool of connections and typed SQL over it. All SQL of Assay is
 * in this room; other rooms meet it in contracts. A database that is away is a `GatewayError`, never a crash
 * and never a hang: everything that waits here has a limit.
 */
export interface Store {
  /** For building queries; run them through `run` or `transaction`, which say clearly when the database is away. */
  readonly db: Kysely<Tables>;
  /** True for the embedded database: it has one connection, so nothing else runs while a transaction is open. */
  readonly isEmbedded: boolean;
  /** Throws `storage_unavailable` when the database cannot be reached; whatever else fails is thrown as it is. */
  run<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /**
   * One transaction: commits when `work` resolves, else rolls back. Errors as in `run`. Inside, use only the
   * handle that `work` gets: another query would wait for a connection that may never come.
   */
  transaction<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://…`, or the folder of a Unix socket for the embedded database. */
  readonly place: { readonly url: string } | { readonly socketFolder: string };
  /** Most connections, >= 1. */
  readonly poolSize: number;
  /** Time for one statement, in milliseconds; the server gives it up, and soon after the client. */
  readonly statementTimeoutMs: number;
  readonly logger: Logger;
}

/** Time to get a connection, in milliseconds. */
const CONNECT_MS = 5_000;
/** Longer than the server's own limit, so that its clearer error comes first. */
const CLIENT_GRACE_MS = 2_000;
/** Unused connections are closed after it, in milliseconds. */
const IDLE_MS = 30_000;

/** Opens no connection yet: the first query does. */
export function openStore(options: StoreOptions): Store {
  const isEmbedded = 'socketFolder' in options.place;
  const pool = new Pool(poolConfigOf(options));
  listenForErrors(pool, options.logger);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    isEmbedded,
    run: (work) => clearly(() => work(db)),
    transaction: (work) => clearly(() => db.transaction().execute(work)),
    close: () => db.destroy(),
  };
}

function poolConfigOf({ place, poolSize, statementTimeoutMs }: StoreOptions): PoolConfig {
  const common: PoolConfig = {
    application_name: 'assay',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: statementTimeoutMs + CLIENT_GRACE_MS,
    types: { getTypeParser: typeParserOf },
  };
  if ('socketFolder' in place) {
    return {
      ...common,
      host: place.socketFolder,
      port: 5432,
      user: 'postgres',
      database: 'postgres',
      max: 1,
      idleTimeoutMillis: 0,
    };
  }
  return {
    ...common,
    connectionString: place.url,
    max: poolSize,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    // Longer pauses inside a transaction are a defect, and its locks stop everybody else.
    idle_in_transaction_session_timeout: statementTimeoutMs,
  };
}

/** A connection that breaks while nobody uses it would else end the process. */
function listenForErrors(pool: Pool, logger: Logger): void {
  const note = (error: Error): void => logger.warn({ err: error.message }, 'a database connection broke');
  pool.on('error', note);
  pool.on('connect', (client: PoolClient) => {
    client.on('error', () => undefined);
  });
}

async function clearly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** Number of PostgreSQL's type `bigint`. */
const INT8 = types.builtins.INT8;

/** As pg reads types, but whole numbers of 64 bits become numbers: all that Assay keeps stay below 2^53. */
function typeParserOf(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === INT8 && format !== 'binary') return Number;
  // pg's own declaration wants a literal for `format`.
  return types.getTypeParser(oid, format === 'binary' ? 'binary' : 'text') as (text: string) => unknown;
}
