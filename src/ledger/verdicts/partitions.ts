import { sql } from 'kysely';
import type { Store } from '../store.ts';

/**
 * Tables by week for verdicts and attempts: made ahead, so that writing never waits for one, and dropped whole when
 * everything in them is older than it need be. Weeks begin on Monday, UTC.
 */
const PARTITIONED = ['verdict', 'attempt'] as const;
const WEEK_MS = 7 * 86_400_000;
/** 1970 began on a Thursday; the first Monday was the 5th of January. */
const FIRST_MONDAY_MS = 4 * 86_400_000;
/** Weeks beyond this one. */
const AHEAD = 2;

export interface Retention {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly retentionDays: number;
}

/** Brings the weeks up to date; gateways do it one after another. Resolves with the tables that were dropped. */
export async function tendPartitions(
  store: Store,
  { now, retentionDays }: Retention,
): Promise<readonly string[]> {
  const oldest = new Date(now - retentionDays * 86_400_000);
  return store.transaction(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
    const dropped: string[] = [];
    for (const table of PARTITIONED) {
      const known = await sql<{ name: string }>`
        select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ${table}::regclass`.execute(transaction);
      const names = new Set(known.rows.map(({ name }) => name));
      for (const week of weeksFrom(now)) {
        if (names.has(nameOf(table, week))) continue;
        await createWeek(transaction, table, week);
      }
      for (const name of names) {
        const week = weekOf(table, name);
        if (week === null || week + WEEK_MS > oldest.getTime()) continue;
        await sql`drop table ${sql.table(name)}`.execute(transaction);
        dropped.push(name);
      }
      await sql`delete from ${sql.table(`${table}_other`)} where at < ${oldest}`.execute(transaction);
    }
    return dropped;
  });
}

/** Any number that nothing else locks. */
const LOCK = 4_170_001;

type Connection = Parameters<Parameters<Store['transaction']>[0]>[0];

/** A week whose rows already went to `…_other`, as after a clock that was wrong, stays there. */
async function createWeek(transaction: Connection, table: string, week: number): Promise<void> {
  const [from, to] = [new Date(week), new Date(week + WEEK_MS)];
  const misplaced = await sql`
    select 1 from ${sql.table(`${table}_other`)} where at >= ${from} and at < ${to} limit 1`.execute(
    transaction,
  );
  if (misplaced.rows.length > 0) return;
  await sql`create table ${sql.table(nameOf(table, week))} partition of ${sql.table(table)}
    for values from (${sql.lit(from.toISOString())}) to (${sql.lit(to.toISOString())})`.execute(transaction);
}

/** This week and those ahead, as the instants at which they begin. */
function weeksFrom(now: number): number[] {
  const start = Math.floor((now - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
  return Array.from({ length: AHEAD + 1 }, (_, index) => start + index * WEEK_MS);
}

/** `verdict_20261123`. */
function nameOf(table: string, week: number): string {
  return `${table}_${new Date(week).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** When the week of this table begins; null for the table of all other rows. */
function weekOf(table: string, name: string): number | null {
  const digits = name.slice(table.length + 1);
  if (!/^\d{8}$/.test(digits)) return null;
  return Date.parse(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}T00:00:00Z`);
}
