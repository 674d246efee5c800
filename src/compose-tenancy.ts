import type { ConfiguredEngines } from './compose-engines.ts';
import { toPrice } from './compose-engines.ts';
import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { LimitsConfig } from './config/limits-schema.ts';
import type { Config } from './config/schema.ts';
import type { Budget, BudgetGate, BudgetOwner } from './contracts/budgets.ts';
import type { Engine } from './contracts/engine.ts';
import { createSliceStore } from './ledger/budgets/slices.ts';
import { createBudgetedEngine } from './tenancy/budgets/budgeted-engine.ts';
import { createBudgetOffice } from './tenancy/budgets/gate.ts';
import { createMemorySlices } from './tenancy/budgets/memory-slices.ts';

/** Who may do what, and for how much. Outlives reloads. */
export interface Tenancy {
  readonly budgets: BudgetGate;
  /** The limits of this configuration count from now on. */
  use(config: Config): void;
  /** Tells the ledger what was spent. */
  close(): Promise<void>;
}

const TEND_MS = 1_000;

/** `storage` null keeps the sums of budgets in this process. */
export function createTenancy(storage: OpenStorage | null, parts: Parts): Tenancy {
  const { clock, logger, random } = parts;
  let budgets: ReadonlyMap<BudgetOwner, readonly Budget[]> = new Map();
  const office = createBudgetOffice({
    store: storage === null ? createMemorySlices() : createSliceStore(storage.store),
    holder: random.id('gtw_'),
    budgetsOf: (owner) => budgets.get(owner) ?? NONE,
    clock,
    logger,
  });
  let cancel = (): void => undefined;
  const tend = (): void => {
    cancel = clock.after(TEND_MS, () => void office.tend().finally(tend));
  };
  tend();
  let isTold = storage !== null;
  return {
    budgets: office,
    use(config) {
      budgets = budgetsOf(config);
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

function budgetsOf({ teams, policies }: Config): ReadonlyMap<BudgetOwner, readonly Budget[]> {
  const owners: [BudgetOwner, readonly Budget[]][] = [
    ...Object.entries(teams).map(([name, team]): [BudgetOwner, Budget[]] => [
      `team:${name}`,
      toBudgets(team.limits),
    ]),
    ...Object.entries(policies).map(([name, policy]): [BudgetOwner, Budget[]] => [
      `policy:${name}`,
      toBudgets(policy.limits),
    ]),
  ];
  return new Map(owners.filter(([, budgets]) => budgets.length > 0));
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
