import type { ConfiguredEngines } from './compose-engines.ts';
import { toPrice } from './compose-engines.ts';
import type { OpenStorage } from './compose-ledger.ts';
import { createIssuers, type Issuers } from './compose-oidc.ts';
import type { Parts } from './compose-parts.ts';
import { openTeamRegistry } from './compose-teams.ts';
import type { LimitsConfig } from './config/limits-schema.ts';
import type { Config } from './config/schema.ts';
import { fileTeams } from './config/team-settings.ts';
import type { Budget, BudgetGate, BudgetOwner, LimitObserver } from './contracts/budgets.ts';
import type { Clock } from './contracts/clock.ts';
import type { Engine } from './contracts/engine.ts';
import type { ItemGate } from './contracts/item-gate.ts';
import type { TeamAdministration } from './contracts/team-administration.ts';
import { createSliceStore } from './ledger/budgets/slices.ts';
import { createBudgetedEngine } from './tenancy/budgets/budgeted-engine.ts';
import { type BudgetOffice, createBudgetOffice } from './tenancy/budgets/gate.ts';
import { createMemorySlices } from './tenancy/budgets/memory-slices.ts';
import { createLimitMeter, readLimits } from './telemetry/limit-gauges.ts';
import { createItemGate } from './tenancy/items/gate.ts';
import type { KnownTeam, TeamDirectory } from './tenancy/directory.ts';

/** Who may do what, and for how much. Outlives reloads. */
export interface Tenancy {
  readonly budgets: BudgetGate;
  readonly items: ItemGate;
  readonly issuers: Issuers;
  readonly teams: TeamDirectory;
  /** Null where nothing is kept. */
  readonly administration: TeamAdministration | null;
  /** The limits of this configuration count from now on. */
  use(config: Config): void;
  /** Tells the ledger what was spent. */
  close(): Promise<void>;
}

/** `storage` null keeps the sums of budgets in this process. Throws `storage_unavailable`. */
export async function createTenancy(
  storage: OpenStorage | null,
  first: Config,
  parts: Parts,
): Promise<Tenancy> {
  const { clock, logger, random, telemetry } = parts;
  const observer = telemetry === undefined ? undefined : createLimitMeter(telemetry.meter);
  let config = first;
  const limits = createLimits(observer);
  const { items } = limits;
  const { teams, administration } = await openTeamRegistry(storage, () => config, {
    ...parts,
    changed(known) {
      limits.set(limitsOf(config, known.all()));
      telemetry?.useTeams(known.all().keys());
    },
  });
  const office = createBudgetOffice({
    store: storage === null ? createMemorySlices() : createSliceStore(storage.store),
    holder: random.id('gtw_'),
    budgetsOf: limits.budgetsOf,
    clock,
    logger,
    observer,
  });
  if (telemetry !== undefined) {
    readLimits(telemetry.meter, {
      budgets: () => office.known(),
      items: () => items.states(),
      now: () => clock.now(),
    });
  }
  const stopTending = keepTending(office, clock);
  let isTold = storage !== null;
  return {
    budgets: office,
    items,
    issuers: createIssuers(parts),
    teams,
    administration,
    use(next) {
      config = next;
      teams.use(fileTeams(config));
      if (isTold || !limits.hasBudgets()) return;
      isTold = true;
      logger.warn(
        {},
        'budgets are kept in this process alone: storage is none, and a restart begins them anew',
      );
    },
    async close() {
      stopTending();
      await Promise.all([office.close(), teams.close()]);
    },
  };
}

const TEND_MS = 1_000;

/** Until the function returned is called. */
function keepTending(office: BudgetOffice, clock: Clock): () => void {
  let cancel = (): void => undefined;
  const tend = (): void => {
    cancel = clock.after(TEND_MS, () => void office.tend().finally(tend));
  };
  tend();
  return () => {
    cancel();
    cancel = () => undefined;
  };
}

/** The limits of everybody as they are now, and the gate for items, which holds none itself. */
function createLimits(observer: LimitObserver | undefined) {
  let budgets: ReadonlyMap<BudgetOwner, readonly Budget[]> = new Map();
  let mostItems: ReadonlyMap<BudgetOwner, number> = new Map();
  const items = createItemGate({
    mostOf: (owner) => mostItems.get(owner),
    limited: () => mostItems.keys(),
    observer,
  });
  return {
    items,
    budgetsOf: (owner: BudgetOwner): readonly Budget[] => budgets.get(owner) ?? NONE,
    hasBudgets: (): boolean => budgets.size > 0,
    set(owned: Owned): void {
      budgets = budgetsOf(owned);
      mostItems = mostItemsOf(owned);
      items.changed();
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

function budgetsOf(owned: Owned): ReadonlyMap<BudgetOwner, readonly Budget[]> {
  const owners = owned.map(([owner, limits]) => [owner, toBudgets(limits)] as const);
  return new Map(owners.filter(([, budgets]) => budgets.length > 0));
}

function mostItemsOf(owned: Owned): ReadonlyMap<BudgetOwner, number> {
  return new Map(
    owned.flatMap(([owner, { concurrentItems }]) =>
      concurrentItems === undefined ? [] : [[owner, concurrentItems] as const],
    ),
  );
}

type Owned = readonly (readonly [BudgetOwner, LimitsConfig])[];

function limitsOf({ policies }: Config, teams: ReadonlyMap<string, KnownTeam>): Owned {
  return [
    ...[...teams].map(([name, { settings }]) => [`team:${name}`, settings.limits] as const),
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
