import { expect, it } from 'vitest';
import type { Budget, SliceOrder } from '../../src/contracts/budgets.ts';
import type { Call } from '../../src/contracts/call.ts';
import { createSliceStore, dropOldPeriods } from '../../src/ledger/budgets/slices.ts';
import type { Store } from '../../src/ledger/store.ts';
import { type BudgetOffice, createBudgetOffice } from '../../src/tenancy/budgets/gate.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { quietLogger } from '../fakes/embedded-store.ts';

const order = (of: Partial<SliceOrder>): SliceOrder => ({
  account: 'team:red/nanoUsd/day',
  period: 0,
  most: 100,
  holder: 'one.0',
  hasLease: false,
  used: 0,
  keep: 0,
  want: 0,
  wish: 0,
  ...of,
});

/** Budgets in a database: slices, dead gateways, and two gateways that fight for the last of the money. */
export function sliceStoreContract(storeOf: () => Store): void {
  it('grants no more than is left beside what others hold, and takes back what is not kept', async () => {
    const slices = createSliceStore(storeOf());
    const account = 'team:slices/nanoUsd/day';
    expect(await slices.exchange(order({ account, want: 60, wish: 60 }))).toEqual({
      granted: 60,
      spent: 0,
      elsewhere: 0,
      isLost: false,
    });
    const other = { account, holder: 'two.0' };
    expect(await slices.exchange(order({ ...other, want: 50, wish: 50 }))).toMatchObject({
      granted: 0,
      elsewhere: 60,
    });
    await slices.exchange(order({ account, hasLease: true, used: 30, keep: 10 }));
    // Told twice, counted once.
    await slices.exchange(order({ account, hasLease: true, used: 30, keep: 10 }));
    expect(await slices.exchange(order({ ...other, hasLease: true, want: 60, wish: 60 }))).toEqual({
      granted: 60,
      spent: 30,
      elsewhere: 10,
      isLost: false,
    });
  });

  it('forgets periods that began before a time, and no others', async () => {
    const slices = createSliceStore(storeOf());
    const account = 'team:forgotten/nanoUsd/day';
    for (const period of [1_000, 2_000]) {
      await slices.exchange(order({ account, period, want: 10, wish: 10 }));
      await slices.exchange(order({ account, period, hasLease: true, used: 10 }));
    }
    await dropOldPeriods(storeOf(), 2_000);
    const asked = async (period: number) =>
      (await slices.exchange(order({ account, period, holder: 'two.0' }))).spent;
    expect([await asked(1_000), await asked(2_000)]).toEqual([0, 10]);
  });

  it('counts the lease of a gateway that died as spent, and tells it so when it comes back', async () => {
    const [dead, alive] = [createSliceStore(storeOf(), -1), createSliceStore(storeOf())];
    const account = 'team:dead/nanoUsd/day';
    await dead.exchange(order({ account, want: 40, wish: 40 }));
    const two = { account, holder: 'two.0' };
    expect(await alive.exchange(order({ ...two, want: 61, wish: 61 }))).toMatchObject({
      granted: 0,
      spent: 40,
      elsewhere: 0,
    });
    const back = await alive.exchange(order({ account, hasLease: true, used: 5, keep: 35 }));
    expect(back).toMatchObject({ granted: 0, spent: 40, isLost: true });
  });

  it('gives 200 calls of two gateways all the money there is, and not a nano-dollar more', async () => {
    const budgets: readonly Budget[] = [{ unit: 'nanoUsd', per: 'month', most: 10_000 }];
    const offices = ['a', 'b'].map((holder) =>
      createBudgetOffice({
        store: createSliceStore(storeOf()),
        holder,
        budgetsOf: (owner) => (owner === 'team:pair' ? budgets : []),
        clock: createSystemClock(),
        logger: quietLogger(),
      }),
    );
    const work = Array.from({ length: 200 }, (_, n) => offices[n % 2]).map((office) => spend(office));
    const all = Promise.all(work);
    let isOver = false;
    void all.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.all(offices.map((office) => office.tend()));
      await new Promise(setImmediate);
    }
    const paid = (await all).filter((used) => used !== null);
    // 99 calls of 100 leave 100, where no more 101 can be set aside.
    expect(paid).toHaveLength(99);
    await Promise.all(offices.map((office) => office.close()));
    const { rows } = await readAll(storeOf());
    expect(rows).toEqual([{ spent: 9_900, leased: 0 }]);
  });
}

async function spend(office: BudgetOffice | undefined): Promise<number | null> {
  const call: Call = { requestId: 'r', team: 'pair', signal: new AbortController().signal, deadline: 0 };
  const reserved = await office?.reserve(call, () => ({ nanoUsd: 101, tokens: 0 }));
  if (reserved?.ok !== true) return null;
  await new Promise(setImmediate);
  reserved.reservation.settle({ nanoUsd: 100, tokens: 0 });
  return 100;
}

async function readAll(store: Store) {
  const rows = await store.run((db) =>
    db
      .selectFrom('budget_period')
      .innerJoin('budget_lease', (join) =>
        join
          .onRef('budget_lease.account', '=', 'budget_period.account')
          .onRef('budget_lease.period', '=', 'budget_period.period'),
      )
      .where('budget_period.account', '=', 'team:pair/nanoUsd/month')
      .groupBy('budget_period.spent')
      .select(['budget_period.spent', (get) => get.fn.sum<string>('amount').as('leased')])
      .execute(),
  );
  return { rows: rows.map(({ spent, leased }) => ({ spent, leased: Number(leased) })) };
}
