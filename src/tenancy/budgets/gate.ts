import type {
  BudgetGate,
  BudgetOwner,
  BudgetState,
  BudgetUnit,
  CallBound,
  Reservation,
  Reserved,
} from '../../contracts/budgets.ts';
import { GatewayError } from '../../domain/errors.ts';
import { forecastOf } from '../../domain/forecast.ts';
import { ownersOf } from '../owners.ts';
import { Accounts, type AccountsOptions, type Running } from './accounts.ts';
import { type Had, takeAll, tryAll } from './taking.ts';
import { createThresholdWatch } from './thresholds.ts';

/**
 * Budgets and limits: what a team or a policy may spend, and how fast. Money is set aside before an engine is
 * asked and settled after; what cannot be set aside is refused, or held where its period ends before the call
 * does. This room decides who may spend; it knows neither engines' prices nor the database that keeps the sums.
 */
export interface BudgetOffice extends BudgetGate {
  /** Tells the store what was spent, and gives back what lies idle. */
  tend(): Promise<void>;
  close(): Promise<void>;
}

const NOTHING: Reservation = { settle: () => undefined };
const FREE: Reserved = { ok: true, reservation: NOTHING };
/** Time for the store to say whether there is room for a request, in milliseconds. */
const REQUEST_MS = 5_000;

export function createBudgetOffice(options: AccountsOptions): BudgetOffice {
  const { clock } = options;
  const accounts = new Accounts(options);
  const reservationOf = createReservations(options);
  return {
    reserve(call, bound) {
      const owners = ownersOf(call);
      if (!owners.some((owner) => accounts.has(owner))) return FREE;
      const most = bound();
      const wanted = () => accounts.takings(owners, (unit) => usedOf(unit, most));
      const had = tryAll(wanted());
      if (had !== null) return { ok: true, reservation: reservationOf(had) };
      return takeAll(call, wanted, options).then((taken): Reserved =>
        taken instanceof GatewayError
          ? { ok: false, failure: failureOf(taken) }
          : { ok: true, reservation: reservationOf(taken) },
      );
    },
    request(team) {
      const owner: BudgetOwner = `team:${team}`;
      if (!accounts.has(owner)) return undefined;
      const wanted = () => accounts.takings([owner], (unit) => Number(unit === 'requests'));
      const had = tryAll(wanted());
      if (had !== null) return count(had);
      // Only for what the store says: a request is refused rather than held.
      const waits = { signal: AbortSignal.timeout(REQUEST_MS), deadline: 0 };
      return takeAll(waits, wanted, options).then((taken) => {
        if (taken instanceof GatewayError) throw taken;
        count(taken);
      });
    },
    async states(owner) {
      const running = accounts.of(owner);
      await Promise.all(running.map(({ account }) => account.look()));
      return running.map((each) => stateOf(each, clock.now()));
    },
    known: () => accounts.running().map((each) => stateOf(each, clock.now())),
    tend: () => accounts.tend(),
    close: () => accounts.close(),
  };
}

function createReservations({ logger }: AccountsOptions): (had: readonly Had[]) => Reservation {
  const watch = createThresholdWatch(logger);
  return (had) => {
    let isSettled = false;
    return {
      settle(used) {
        if (isSettled) return;
        isSettled = true;
        for (const [{ running, amount }, held] of had) {
          const { owner, budget, account } = running;
          account.settle(held, used === null ? amount : usedOf(budget.unit, used));
          watch.look(owner, budget, account);
        }
      },
    };
  };
}

/** A request is over as soon as it is counted. */
function count(had: readonly Had[]): undefined {
  for (const [{ running }, held] of had) running.account.settle(held, 1);
  return undefined;
}

function usedOf(unit: BudgetUnit, bound: CallBound): number {
  return unit === 'requests' ? 0 : bound[unit];
}

function failureOf({ code, message, retryAfterSeconds }: GatewayError) {
  const again = retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1_000 };
  return { code, message, sent: false, blamesReplica: false, ...again };
}

function stateOf({ owner, budget, account }: Running, now: number): BudgetState {
  const { used, reserved, leased, period } = account;
  const exhaustedAt = forecastOf({ used, most: budget.most, period, now });
  return { ...budget, owner, used, reserved, leased, resetsAt: period.end, exhaustedAt };
}
