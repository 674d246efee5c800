import { sql, type Transaction } from 'kysely';
import type { SliceOrder, SliceReply, SliceStore } from '../../contracts/budgets.ts';
import { grantOf } from '../../domain/slice.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';

const LEASE_MS = 30_000;

/**
 * Budgets of all gateways of one database. One order is one transaction that holds the row of its period, so
 * orders for a budget come one after another. Leases end by the clock of the database; one that nobody renewed
 * counts as spent, as nobody knows what the dead gateway still did with it.
 */
export function createSliceStore(store: Store, leaseMs = LEASE_MS): SliceStore {
  return {
    leaseMs,
    exchange: (order) => store.transaction((transaction) => exchange(transaction, order, leaseMs)),
  };
}

/** Forgets periods that began before `before`, in milliseconds since 1970, with what was leased of them. */
export async function dropOldPeriods(store: Store, before: number): Promise<void> {
  await store.transaction(async (db) => {
    await db.deleteFrom('budget_lease').where('period', '<', before).execute();
    await db.deleteFrom('budget_period').where('period', '<', before).execute();
  });
}

type Db = Transaction<Tables>;
type Place = Pick<SliceOrder, 'account' | 'period'>;

async function exchange(db: Db, order: SliceOrder, leaseMs: number): Promise<SliceReply> {
  const { account, period, holder } = order;
  const before = await lockPeriod(db, order);
  const leases = await db
    .selectFrom('budget_lease')
    .select(['holder', 'amount', 'used', sql<boolean>`until < now()`.as('isOver')])
    .where('account', '=', account)
    .where('period', '=', period)
    .execute();
  const own = leases.find((lease) => lease.holder === holder);
  const others = leases.filter((lease) => lease.holder !== holder);
  const dead = others.filter((lease) => lease.isOver);
  const elsewhere = sumOf(others) - sumOf(dead);
  if (dead.length > 0)
    await drop(
      db,
      order,
      dead.map((lease) => lease.holder),
    );
  if (own === undefined && order.hasLease) {
    await keepSpent(db, order, before + sumOf(dead));
    return { granted: 0, spent: before + sumOf(dead), elsewhere, isLost: true };
  }
  const spent = before + sumOf(dead) + order.used - (own?.used ?? 0);
  const granted = grantOf(order, { spent, elsewhere });
  await keepSpent(db, order, spent);
  await keepLease(db, order, { amount: order.keep + granted, leaseMs });
  return { granted, spent, elsewhere, isLost: false };
}

/** What was spent, with the row held until the end of the transaction. */
async function lockPeriod(db: Db, { account, period }: Place): Promise<number> {
  await db
    .insertInto('budget_period')
    .values({ account, period, spent: 0 })
    .onConflict((conflict) => conflict.columns(['account', 'period']).doNothing())
    .execute();
  const row = await db
    .selectFrom('budget_period')
    .select('spent')
    .where('account', '=', account)
    .where('period', '=', period)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return row.spent;
}

async function keepSpent(db: Db, { account, period }: Place, spent: number): Promise<void> {
  await db
    .updateTable('budget_period')
    .set({ spent })
    .where('account', '=', account)
    .where('period', '=', period)
    .execute();
}

async function keepLease(
  db: Db,
  { account, period, holder, used }: SliceOrder,
  { amount, leaseMs }: { readonly amount: number; readonly leaseMs: number },
): Promise<void> {
  const until = sql<Date>`now() + ${leaseMs} * interval '1 millisecond'`;
  await db
    .insertInto('budget_lease')
    .values({ account, period, holder, amount, used, until })
    .onConflict((conflict) =>
      conflict.columns(['account', 'period', 'holder']).doUpdateSet({ amount, used, until }),
    )
    .execute();
}

async function drop(db: Db, { account, period }: Place, holders: readonly string[]): Promise<void> {
  await db
    .deleteFrom('budget_lease')
    .where('account', '=', account)
    .where('period', '=', period)
    .where('holder', 'in', holders)
    .execute();
}

function sumOf(leases: readonly { readonly amount: number }[]): number {
  return leases.reduce((sum, { amount }) => sum + amount, 0);
}
