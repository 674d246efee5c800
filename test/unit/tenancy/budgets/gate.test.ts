import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Budget,
  BudgetOwner,
  CallBound,
  SliceOrder,
  SliceReply,
  SliceStore,
} from '../../../../src/contracts/budgets.ts';
import type { Call } from '../../../../src/contracts/call.ts';
import { createMemorySlices } from '../../../../src/tenancy/budgets/memory-slices.ts';
import { type BudgetOffice, createBudgetOffice } from '../../../../src/tenancy/budgets/gate.ts';
import { GatewayError } from '../../../../src/domain/errors.ts';
import { manualClock } from '../../../fakes/clock.ts';
import { capturingLogger } from '../../../fakes/gateway.ts';

const DAY_MS = 86_400_000;

function call(options: Partial<Call> = {}): Call {
  const base = { requestId: 'r', team: 'red', policy: 'default', deadline: 30_000 };
  return { ...base, signal: new AbortController().signal, ...options };
}

function officeWith(
  budgets: Partial<Record<BudgetOwner, readonly Budget[]>>,
  store: SliceStore = createMemorySlices(),
) {
  const clock = manualClock();
  const log = capturingLogger();
  const office = createBudgetOffice({
    store,
    holder: 'one',
    budgetsOf: (owner) => budgets[owner] ?? [],
    clock,
    logger: log.logger,
  });
  return { office, clock, log };
}

const dollars = (most: number): Budget => ({ unit: 'nanoUsd', per: 'day', most });
const cost = (nanoUsd: number): CallBound => ({ nanoUsd, tokens: nanoUsd });

/** Asks, works for a few turns, and settles; what it paid, or the code of its refusal. */
async function spend(office: BudgetOffice, bound: number, used: number | null, of = call()) {
  const reserved = await office.reserve(of, () => cost(bound));
  if (!reserved.ok) return reserved.failure.code;
  for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
  reserved.reservation.settle(used === null ? null : cost(used));
  return used ?? bound;
}

describe('budgets', () => {
  it('gives a thousand calls at once all the money there is, and not a nano-dollar more', async () => {
    const { office } = officeWith({ 'team:red': [dollars(100_000)] });
    const ends = await Promise.all(Array.from({ length: 1_000 }, () => spend(office, 400, 250)));
    const paid = ends.filter((end) => typeof end === 'number');
    // 399 calls of 250 leave 250, where no more 400 can be set aside.
    expect(paid).toHaveLength(399);
    expect(ends.filter((end) => end === 'over_budget')).toHaveLength(601);
    expect(await office.states('team:red')).toEqual([
      {
        unit: 'nanoUsd',
        per: 'day',
        most: 100_000,
        owner: 'team:red',
        used: 99_750,
        reserved: 0,
        leased: 0,
        resetsAt: DAY_MS,
        exhaustedAt: null,
      },
    ]);
    expect(await spend(office, 250, 250)).toBe(250);
    expect(await spend(office, 1, 1)).toBe('over_budget');
  });

  it('refuses none of those that fit exactly', async () => {
    const { office } = officeWith({ 'policy:default': [dollars(1_000)] });
    const ends = await Promise.all(Array.from({ length: 1_000 }, () => spend(office, 1, 1)));
    expect(new Set(ends)).toEqual(new Set([1]));
    expect(await spend(office, 1, 1)).toBe('over_budget');
  });

  it('counts what was set aside where nobody knows what a call cost', async () => {
    const { office } = officeWith({ 'team:red': [dollars(100)] });
    await spend(office, 60, null);
    expect(await spend(office, 60, 1)).toBe('over_budget');
  });

  it('gives back what it set aside for the team when the policy has nothing left', async () => {
    const { office } = officeWith({ 'team:red': [dollars(100)], 'policy:default': [dollars(10)] });
    expect(await spend(office, 50, 50)).toBe('over_budget');
    expect(await office.states('team:red')).toMatchObject([{ used: 0, reserved: 0 }]);
    expect(await spend(office, 100, 100, call({ policy: undefined }))).toBe(100);
  });

  it('begins anew with the period, and says when', async () => {
    const { office, clock } = officeWith({ 'team:red': [dollars(10)] });
    await spend(office, 10, 10);
    clock.advance(DAY_MS - 30_000);
    const refused = await office.reserve(call(), () => cost(1));
    expect(refused).toEqual({
      ok: false,
      failure: {
        code: 'over_budget',
        message: 'the money of the team red for this day (UTC) does not reach; it begins anew in 30 s',
        sent: false,
        blamesReplica: false,
        retryAfterMs: 30_000,
      },
    });
    clock.advance(30_000);
    expect(await spend(office, 10, 10)).toBe(10);
  });

  it('holds trainers and jobs until the next minute, and nobody else', async () => {
    const limit: Budget = { unit: 'tokens', per: 'minute', most: 10 };
    const { office, clock } = officeWith({ 'team:red': [limit] });
    await spend(office, 10, 10);
    expect(await spend(office, 10, 10)).toBe('rate_limited');
    expect(await spend(office, 10, 10, call({ class: 'trainer', deadline: 59_000 }))).toBe('rate_limited');
    const held = spend(office, 10, 10, call({ class: 'trainer', deadline: 61_000 }));
    await settled();
    clock.advance(60_000);
    expect(await held).toBe(10);
  });

  it('lets a call that leaves go, and those behind it in', async () => {
    const { office } = officeWith({ 'team:red': [dollars(100)] });
    const first = await office.reserve(call(), () => cost(80));
    const leaving = new AbortController();
    const large = spend(office, 100, 100, call({ signal: leaving.signal }));
    await settled();
    const small = spend(office, 20, 20);
    leaving.abort(new GatewayError('cancelled', 'gone'));
    expect(await large).toBe('cancelled');
    expect(await small).toBe(20);
    if (first.ok) first.reservation.settle(cost(80));
    expect(await office.states('team:red')).toMatchObject([{ used: 100, reserved: 0 }]);
  });

  it('says once that half, four fifths and all are used', async () => {
    const { office, log } = officeWith({ 'team:red': [dollars(10)] });
    for (let n = 0; n < 10; n += 1) await spend(office, 1, 1);
    expect(log.lines.map(({ fields }) => fields['level'])).toEqual([0.5, 0.8, 1]);
  });

  it('foretells when money will end', async () => {
    const { office, clock } = officeWith({ 'team:red': [dollars(100)] });
    clock.advance(DAY_MS / 4);
    await spend(office, 50, 50);
    expect(await office.states('team:red')).toMatchObject([{ exhaustedAt: DAY_MS / 2 }]);
  });

  it('counts requests, and settles each reservation once', async () => {
    const limit: Budget = { unit: 'requests', per: 'minute', most: 2 };
    const { office } = officeWith({ 'team:red': [limit, dollars(10)] });
    await office.request('red');
    await office.request('red');
    await expect(office.request('red')).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 60,
    });
    expect(office.request('blue')).toBeUndefined();
    const reserved = await office.reserve(call(), () => cost(5));
    if (reserved.ok) {
      reserved.reservation.settle(cost(2));
      reserved.reservation.settle(cost(5));
    }
    expect(await office.states('team:red')).toMatchObject([{ used: 2 }, { used: 2, reserved: 0 }]);
  });

  it('says clearly that the store cannot be asked', async () => {
    const away: SliceStore = {
      leaseMs: 1_000,
      exchange: () =>
        Promise.reject(new GatewayError('storage_unavailable', 'away', { retryAfterSeconds: 5 })),
    };
    const { office } = officeWith({ 'team:red': [dollars(10)] }, away);
    expect(await spend(office, 1, 1)).toBe('storage_unavailable');
  });
});

describe('leases', () => {
  it('never hand out more than the budget, and lose nothing, whatever gateways do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 500 }),
        fc.array(
          fc.record({
            gateway: fc.nat(2),
            bound: fc.integer({ min: 1, max: 60 }),
            part: fc.nat(100),
            turns: fc.nat(6),
          }),
          {
            maxLength: 80,
          },
        ),
        async (most, works) => {
          const store = plainStore();
          const clock = manualClock();
          const offices = [0, 1, 2].map((n) =>
            createBudgetOffice({
              store,
              holder: `gateway-${n}`,
              budgetsOf: (owner) => (owner === 'team:red' ? BUDGETS : []),
              clock,
              logger: capturingLogger().logger,
            }),
          );
          const BUDGETS = [dollars(most)];
          const ends = works.map(async ({ gateway, bound, part, turns }) => {
            const reserved = await offices[gateway]?.reserve(call(), () => cost(bound));
            if (reserved?.ok !== true) return { bound, used: null };
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            const used = Math.floor((bound * part) / 100);
            reserved.reservation.settle(cost(used));
            return { bound, used };
          });
          let isOver = false;
          const all = Promise.all(ends).finally(() => {
            isOver = true;
          });
          while (!isOver) {
            await settled();
            clock.advance(1_000);
            await Promise.all(offices.map((office) => office.tend()));
          }
          const spent = (await all).reduce((sum, { used }) => sum + (used ?? 0), 0);
          expect(spent).toBeLessThanOrEqual(most);
          expect(store.worst()).toBeLessThanOrEqual(most);
          for (const { bound, used } of await all) {
            // Whoever was refused would not fit now either.
            if (used === null) expect(bound).toBeGreaterThan(most - spent);
          }
          await Promise.all(offices.map((office) => office.close()));
          expect(store.spent()).toBe(spent);
          expect(store.leased()).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of a gateway that was silent too long count as spent, and it begins anew', async () => {
    const store = plainStore();
    const { office } = officeWith({ 'team:red': [dollars(100)] }, store);
    const reserved = await office.reserve(call(), () => cost(10));
    store.forget();
    await office.tend();
    if (reserved.ok) reserved.reservation.settle(cost(10));
    expect(await spend(office, 5, 5)).toBe(5);
    await office.close();
    expect(store.leased()).toBe(0);
    // The lost lease had 10 for the call and what was given ahead of it.
    expect(store.spent()).toBeGreaterThanOrEqual(15);
    expect(store.worst()).toBeLessThanOrEqual(100);
  });
});

/** As simple as can be: what is written down after each order is checked. */
function plainStore() {
  const leases = new Map<string, { amount: number; used: number }>();
  let [lost, worst] = [0, 0];
  const leased = (): number => [...leases.values()].reduce((sum, { amount }) => sum + amount, 0);
  const spent = (): number => lost + [...leases.values()].reduce((sum, { used }) => sum + used, 0);
  const exchange = async (order: SliceOrder): Promise<SliceReply> => {
    await Promise.resolve();
    if (order.hasLease && !leases.has(order.holder)) {
      return { granted: 0, spent: spent(), elsewhere: leased(), isLost: true };
    }
    leases.set(order.holder, { amount: order.keep, used: order.used });
    const left = order.most - spent() - leased();
    const granted =
      left < order.want || left <= 0 ? 0 : Math.max(order.want, Math.min(order.wish, left >> 3));
    const elsewhere = leased() - order.keep;
    leases.set(order.holder, { amount: order.keep + granted, used: order.used });
    worst = Math.max(worst, spent() + leased());
    return { granted, spent: spent(), elsewhere, isLost: false };
  };
  return {
    leaseMs: 30_000,
    exchange,
    spent,
    leased,
    worst: () => worst,
    forget(): void {
      lost = spent() + leased();
      leases.clear();
    },
  };
}

/** All that can happen without the clock has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
