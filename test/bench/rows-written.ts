import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/**
 * Rows that were ever inserted, updated or deleted, as the embedded database of a gateway counted them. `folder` is the one for temporary files that the gateway was started with. Only while the gateway rests:
 * the database has one session for all.
 */
export async function rowsWritten(folder: string): Promise<number> {
  const socket = readdirSync(folder).find((name) => name.startsWith('assay-db-'));
  if (socket === undefined) throw new Error('the gateway has no embedded database');
  const client = new Client({
    host: join(folder, socket),
    port: 5432,
    user: 'postgres',
    database: 'postgres',
  });
  await client.connect();
  try {
    await client.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await client.query<{ writes: number }>(
      `SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::float8 AS writes
       FROM pg_stat_user_tables`,
    );
    return rows[0]?.writes ?? 0;
  } finally {
    await client.end();
  }
}
