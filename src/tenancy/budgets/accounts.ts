import type { Budget, BudgetOwner, BudgetUnit, LimitObserver, SliceStore } from '../../contracts/budgets.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { periodAt } from '../../domain/period.ts';
import { Account } from './account.ts';

export interface AccountsOptions {
  readonly store: SliceStore;
  /** Of this process alone. */
  readonly holder: string;
  /** As they are now. */
  budgetsOf(owner: BudgetOwner): readonly Budget[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer?: LimitObserver | undefined;
}

/** One budget with its running period. */
export interface Running {
  readonly owner: BudgetOwner;
  readonly budget: Budget;
  readonly account: Account;
}

/** An amount that is wanted of one budget. */
export interface Taking {
  readonly running: Running;
  readonly amount: number;
}

/** The running period of every budget that was asked of; no more of them than budgets are configured. */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  has(owner: BudgetOwner): boolean {
    return this.#options.budgetsOf(owner).length > 0;
  }

  of(owner: BudgetOwner): Running[] {
    return this.#options.budgetsOf(owner).map((budget) => this.#runningOf(owner, budget));
  }

  /** Those whose period runs. */
  running(): Running[] {
    const now = this.#options.clock.now();
    return [...this.#running.values()].filter(({ account }) => now < account.period.end);
  }

  /** What is wanted of each budget of these owners. */
  takings(owners: readonly BudgetOwner[], amountOf: (unit: BudgetUnit) => number): Taking[] {
    return owners.flatMap((owner) =>
      this.#options.budgetsOf(owner).flatMap((budget) => {
        const amount = amountOf(budget.unit);
        return amount === 0 ? [] : [{ running: this.#runningOf(owner, budget), amount }];
      }),
    );
  }

  async tend(): Promise<void> {
    const now = this.#options.clock.now();
    for (const [name, { account }] of this.#running) {
      if (now < account.period.end) continue;
      this.#running.delete(name);
      this.#retire(account);
    }
    await Promise.allSettled([...this.#running.values()].map(({ account }) => account.tend()));
  }

  async close(): Promise<void> {
    for (const { account } of this.#running.values()) this.#retire(account);
    this.#running.clear();
    await Promise.allSettled(this.#closing);
  }

  #runningOf(owner: BudgetOwner, budget: Budget): Running {
    const { clock } = this.#options;
    const name = `${owner}/${budget.unit}/${budget.per}`;
    const known = this.#running.get(name);
    const now = clock.now();
    const isCurrent = known !== undefined && now < known.account.period.end;
    if (isCurrent && known.budget === budget) return known;
    if (known !== undefined && !isCurrent) this.#retire(known.account);
    // A limit that was changed goes on with what is spent already.
    const account = isCurrent ? known.account : this.#open(name, budget);
    const running = { owner, budget, account };
    this.#running.set(name, running);
    return running;
  }

  #open(name: string, budget: Budget): Account {
    const period = periodAt(this.#options.clock.now(), budget.per);
    return new Account({
      ...this.#options,
      name,
      period,
      budget: () => this.#running.get(name)?.budget ?? budget,
    });
  }

  #retire(account: Account): void {
    const closed = account.close().catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'a budget was closed without its last spending told');
    });
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }
}
