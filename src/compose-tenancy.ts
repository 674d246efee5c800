import type { ConfiguredEngines } from './compose-engines.ts';
import { toPrice } from './compose-engines.ts';
import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { LimitsConfig } from './config/limits-schema.ts';
import type { Config } from './config/schema.ts';
import type { Budget, BudgetGate, BudgetOwner } from './contracts/budgets.ts';
import type { Engine } from './contracts/engine.ts';
import type { ItemGate } from './contracts/item-gate.ts';
import { createSliceStore } from './ledger/budgets/slices.ts';
import { createBudgetedEngine } from './tenancy/budgets/budgeted-engine.ts';
import { createBudgetOffice } from './tenancy/budgets/gate.ts';
import { createMemorySlices } from './tenancy/budgets/memory-slices.ts';
import { createLimitMeter, readLimits } from './telemetry/limit-gauges.ts';
import { createItemGate } from './tenancy/items/gate.ts';

/** Who may do what, and for how much. Outlives reloads. */
export interface Tenancy {
  readonly budgets: BudgetGate;
  readonly items: ItemGate;
  /** The limits of this configuration count from now on. */
  use(config: Config): void;
  /** Tells the ledger what was spent. */
  close(): Promise<void>;
}

const TEND_MS = 1_000;

/** `storage` null keeps the sums of budgets in this process. */
export function createTenancy(storage: OpenStorage | null, parts: Parts): Tenancy {
  const { clock, logger, random, telemetry } = parts;
  const observer = telemetry === undefined ? undefined : createLimitMeter(telemetry.meter);
  let budgets: ReadonlyMap<BudgetOwner, readonly Budget[]> = new Map();
  const office = createBudgetOffice({
    store: storage === null ? createMemorySlices() : createSliceStore(storage.store),
    holder: random.id('gtw_'),
    budgetsOf: (owner) => budgets.get(owner) ?? NONE,
    clock,
    logger,
    observer,
  });
  let mostItems: ReadonlyMap<BudgetOwner, number> = new Map();
  const items = createItemGate({
    mostOf: (owner) => mostItems.get(owner),
    limited: () => mostItems.keys(),
    observer,
  });
  if (telemetry !== undefined) {
    readLimits(telemetry.meter, {
      budgets: () => office.known(),
      items: () => items.states(),
      now: () => clock.now(),
    });
  }
  let cancel = (): void => undefined;
  const tend = (): void => {
    cancel = clock.after(TEND_MS, () => void office.tend().finally(tend));
  };
  tend();
  let isTold = storage !== null;
  return {
    budgets: office,
    items,
    use(config) {
      budgets = budgetsOf(config);
      mostItems = mostItemsOf(config);
      items.changed();
      if (isTold || budgets.size === 0) return;
      isTold = true;
      logger.warn(
        {},
        'budgets are kept in this process alone: storage is none, and a restart begins them anew',
      );
    },
    async close() {
      cancel();
      cancel = () => undefined;
      await office.close();
    },
  };
}

/** The engines with every call counted against the limits of its team and policy. */
export function budgeted(engines: ConfiguredEngines, { budgets }: Tenancy): ReadonlyMap<string, Engine> {
  return new Map(
    [...engines].map(([id, { queue, config }]): [string, Engine] => [
      id,
      createBudgetedEngine(queue, { gate: budgets, price: toPrice(config.cost) }),
    ]),
  );
}

const NONE: readonly Budget[] = [];

function budgetsOf(config: Config): ReadonlyMap<BudgetOwner, readonly Budget[]> {
  const owners = limitsOf(config).map(([owner, limits]) => [owner, toBudgets(limits)] as const);
  return new Map(owners.filter(([, budgets]) => budgets.length > 0));
}

function mostItemsOf(config: Config): ReadonlyMap<BudgetOwner, number> {
  return new Map(
    limitsOf(config).flatMap(([owner, { concurrentItems }]) =>
      concurrentItems === undefined ? [] : [[owner, concurrentItems] as const],
    ),
  );
}

function limitsOf({ teams, policies }: Config): (readonly [BudgetOwner, LimitsConfig])[] {
  return [
    ...Object.entries(teams).map(([name, { limits }]) => [`team:${name}`, limits] as const),
    ...Object.entries(policies).map(([name, { limits }]) => [`policy:${name}`, limits] as const),
  ];
}

const NANO = 1e9;

function toBudgets({ usdPerDay, usdPerMonth, tokensPerMinute, requestsPerMinute }: LimitsConfig): Budget[] {
  const all: readonly [number | undefined, Budget['unit'], Budget['per'], number][] = [
    [requestsPerMinute, 'requests', 'minute', 1],
    [tokensPerMinute, 'tokens', 'minute', 1],
    [usdPerDay, 'nanoUsd', 'day', NANO],
    [usdPerMonth, 'nanoUsd', 'month', NANO],
  ];
  return all.flatMap(([most, unit, per, scale]) =>
    most === undefined ? [] : [{ unit, per, most: Math.round(most * scale) }],
  );
}
