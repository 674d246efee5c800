import type { BudgetOwner, BudgetState, LimitObserver } from '../contracts/budgets.ts';
import type { ItemGateState } from '../contracts/item-gate.ts';
import type { Meter } from '../contracts/metrics.ts';
import type { ValueOf } from '../domain/metrics.ts';

/** How the limits of teams and policies stand, as far as this gateway knows. */
export interface Limits {
  /** Budgets that were asked of in the running period. */
  budgets(): readonly BudgetState[];
  items(): readonly ItemGateState[];
  /** Milliseconds since 1970. */
  now(): number;
}

const NANO = 1e9;

export function readLimits(meter: Meter, { budgets, items, now }: Limits): void {
  const money = () => budgets().filter(({ unit }) => unit === 'nanoUsd');
  const dollars = (valueOf: (state: BudgetState) => number) =>
    money().map((state) => ({ labels: accountOf(state), value: valueOf(state) / NANO }));
  meter.read('assay_limit_dollars', () => dollars(({ most }) => most));
  meter.read('assay_limit_used_dollars', () => dollars(({ used }) => used));
  meter.read('assay_limit_reserved_dollars', () => dollars(({ reserved }) => reserved));
  meter.read('assay_limit_leased_dollars', () => dollars(({ leased }) => leased));
  meter.read('assay_limit_exhausted_seconds', () =>
    money().flatMap((state) =>
      state.exhaustedAt === null
        ? []
        : [{ labels: accountOf(state), value: Math.max(0, state.exhaustedAt - now()) / 1_000 }],
    ),
  );
  meter.read('assay_limit_minute_ratio', () =>
    budgets().flatMap(({ owner, unit, most, used }) =>
      unit === 'nanoUsd' || most === 0
        ? []
        : [{ labels: { ...partsOf(owner), limit: unit }, value: used / most }],
    ),
  );
  const perOwner = (valueOf: (state: ItemGateState) => number) =>
    items().map((state) => ({ labels: partsOf(state.owner), value: valueOf(state) }));
  meter.read('assay_items_limit', () => perOwner(({ most }) => most));
  meter.read('assay_items_under_way', () => perOwner(({ underWay }) => underWay));
  meter.read('assay_items_waiting', () => perOwner(({ waiting }) => waiting));
}

/** Counts what limits refused. */
export function createLimitMeter(meter: Meter): LimitObserver {
  const refusals = meter.counter('assay_limit_refusals_total');
  return {
    refused: (owner, limit) =>
      refusals.of({ ...partsOf(owner), limit: limit === 'nanoUsd' ? 'money' : limit }).add(),
  };
}

function accountOf({ owner, per }: BudgetState) {
  return { ...partsOf(owner), per };
}

function partsOf(owner: BudgetOwner): { readonly of: ValueOf<'of'>; readonly name: string } {
  const name = owner.slice(owner.indexOf(':') + 1);
  return { of: owner.startsWith('team:') ? 'team' : 'policy', name };
}
