import type { Budget, SliceReply, SliceStore } from '../../contracts/budgets.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Period } from '../../domain/period.ts';

export interface AccountOptions {
  /** Owner, unit and period, such as `team:rm/nanoUsd/day`. */
  readonly name: string;
  readonly period: Period;
  /** As the limit is now: it may change while the period runs. */
  readonly budget: () => Budget;
  readonly store: SliceStore;
  readonly holder: string;
  readonly clock: Clock;
}

/** Why there is nothing: used up, too many wait, or the store cannot be asked. */
export type Refusal = 'spent' | 'crowded' | { readonly error: unknown };

/** An amount set aside; `lease` tells from which of the holder's leases. */
export interface Held {
  readonly amount: number;
  readonly lease: number;
}

export type Taken =
  | { readonly ok: true; readonly held: Held }
  | { readonly ok: false; readonly why: Refusal };

interface Wishes {
  readonly give: number;
  readonly want: number;
  readonly wish: number;
}

interface Waiter {
  readonly amount: number;
  settle(taken: Taken): void;
}

const MOST_WAITING = 10_000;
/** A slice is for so many calls like the next one. */
const AHEAD = 16;
const REFUSED_MS = 1_000;
/** Others give back what they do not use once a second. */
const ELSEWHERE_MS = 250;
/** A lease is not spent from in the last part of its time: clocks and commits are not that exact. */
const LEASE_PART = 0.5;

/**
 * One period of one budget, as this gateway has it: a lease that it spends from without asking anybody. Whoever
 * does not find enough waits in a line: for the store, for calls here that end cheaper than was set aside, and
 * for other gateways that give back. Only when nothing of that can come is the amount refused.
 */
export class Account {
  readonly #options: AccountOptions;
  readonly #line: Waiter[] = [];
  #lease = 0;
  #hasLease = false;
  #leasedAt = -Infinity;
  #free = 0;
  #reserved = 0;
  #used = 0;
  #usedBefore = 0;
  #reply: SliceReply = { granted: 0, spent: 0, elsewhere: 0, isLost: false };
  #usedAtReply = 0;
  #running: Promise<void> | null = null;
  #cancelRetry: (() => void) | null = null;
  #isClosed = false;
  /** Calls that were settled, ever. */
  #settled = 0;
  /** The last refusal: for a moment it holds for others too. */
  #refused: { readonly amount: number; readonly until: number } | null = null;

  constructor(options: AccountOptions) {
    this.#options = options;
  }

  get period(): Period {
    return this.#options.period;
  }

  get reserved(): number {
    return this.#reserved;
  }

  /** What may be spent without asking, with what is set aside. */
  get leased(): number {
    return this.#free + this.#reserved;
  }

  /** Spent by everybody, as far as it is known here. */
  get used(): number {
    return this.#reply.spent + (this.#used - this.#usedAtReply);
  }

  /** At once, or null when it has to be waited for. */
  tryTake(amount: number): Held | null {
    if (this.#line.length > 0 || amount > this.#usable()) return null;
    return this.#hold(amount);
  }

  take(amount: number, signal: AbortSignal): Promise<Taken> {
    if (this.#isClosed) return Promise.resolve({ ok: false, why: 'spent' });
    if (this.#isRefused(amount)) return Promise.resolve({ ok: false, why: 'spent' });
    if (this.#line.length >= MOST_WAITING) return Promise.resolve({ ok: false, why: 'crowded' });
    return new Promise((resolve) => {
      const settle = (taken: Taken): void => {
        signal.removeEventListener('abort', leave);
        resolve(taken);
      };
      const waiter: Waiter = { amount, settle };
      const leave = (): void => {
        const place = this.#line.indexOf(waiter);
        if (place === -1) return;
        this.#line.splice(place, 1);
        settle({ ok: false, why: { error: signal.reason } });
        this.#serve();
      };
      this.#line.push(waiter);
      if (signal.aborted) leave();
      else {
        signal.addEventListener('abort', leave, { once: true });
        this.#serve();
      }
    });
  }

  settle({ amount, lease }: Held, used: number): void {
    // What was set aside from a lost lease was counted as spent with it.
    if (lease !== this.#lease) return;
    this.#settled += 1;
    this.#refused = null;
    this.#reserved -= amount;
    this.#used += used;
    this.#free += amount - used;
    this.#serve();
  }

  /** Tells the store what was spent, and gives back what was not needed since the last time. */
  async tend(): Promise<void> {
    if (this.#running !== null || !this.#hasLease) return;
    const pace = this.#used - this.#usedBefore;
    this.#usedBefore = this.#used;
    await this.#tell(Math.max(0, this.#free - pace));
  }

  /** Learns how it stands, where the store was never asked. */
  async look(): Promise<void> {
    if (this.#running !== null) await this.#running.catch(() => undefined);
    else if (!this.#isClosed) await this.#tell(0);
  }

  /** Tells the store the end; what is still under way counts as it was set aside. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    await this.#running;
    for (const waiter of this.#line.splice(0)) waiter.settle({ ok: false, why: 'spent' });
    if (this.#hasLease) await this.#tell(Math.max(0, this.#free));
  }

  async #tell(give: number): Promise<void> {
    try {
      await this.#run({ give, want: 0, wish: 0 });
    } finally {
      this.#serve();
    }
  }

  #usable(): number {
    const age = this.#options.clock.monotonic() - this.#leasedAt;
    return age < this.#options.store.leaseMs * LEASE_PART ? this.#free : -1;
  }

  /** So that a used up budget costs the store one question a second, not one for each request. */
  #isRefused(amount: number): boolean {
    const { clock } = this.#options;
    return (
      this.#refused !== null && amount >= this.#refused.amount && clock.monotonic() < this.#refused.until
    );
  }

  #hold(amount: number): Held {
    this.#free -= amount;
    this.#reserved += amount;
    return { amount, lease: this.#lease };
  }

  #serve(): void {
    for (let head = this.#line[0]; head !== undefined; head = this.#line[0]) {
      if (head.amount > this.#usable()) {
        this.#ask(head);
        return;
      }
      this.#line.shift();
      head.settle({ ok: true, held: this.#hold(head.amount) });
    }
  }

  #ask(head: Waiter): void {
    if (this.#running !== null || this.#isClosed) return;
    this.#cancelRetry?.();
    // All that is not enough goes back in the same order: gateways that each keep a part would wait for ever.
    const give = Math.max(0, this.#free);
    const want = head.amount - Math.max(Math.min(0, this.#free), -this.#reserved);
    // As much as the line needs, and twice what a slice lasted for until now.
    const line = this.#line.reduce((sum, waiter) => sum + waiter.amount, 0);
    const wish = Math.max(want, line, 2 * (this.#used - this.#usedBefore) + AHEAD * head.amount);
    const settled = this.#settled;
    void this.#run({ give, want, wish }).then(
      () => this.#afterAsking(head, settled),
      (error: unknown) => this.#refuseAll({ error }),
    );
  }

  /** The head goes on to wait as long as anything may come back. */
  #afterAsking(head: Waiter, settled: number): void {
    const isRefused = this.#line[0] === head && head.amount > this.#usable() && settled === this.#settled;
    if (isRefused) {
      if (this.#hasHope()) return;
      this.#line.shift();
      this.#refused = { amount: head.amount, until: this.#options.clock.monotonic() + REFUSED_MS };
      head.settle({ ok: false, why: 'spent' });
    }
    this.#serve();
  }

  /** True when something may come back; whatever it is asks again. */
  #hasHope(): boolean {
    const { isLost, elsewhere } = this.#reply;
    if (!isLost && this.#reserved > 0) return true;
    if (!isLost && elsewhere === 0) return false;
    const wait = isLost ? 0 : ELSEWHERE_MS;
    this.#cancelRetry = this.#options.clock.after(wait, () => {
      this.#cancelRetry = null;
      this.#serve();
    });
    return true;
  }

  #refuseAll(why: Refusal): void {
    for (const waiter of this.#line.splice(0)) waiter.settle({ ok: false, why });
  }

  #run(wishes: Wishes): Promise<void> {
    const running = this.#exchange(wishes).finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #exchange({ give, want, wish }: Wishes): Promise<void> {
    const { name, period, budget, store, holder, clock } = this.#options;
    const [used, askedAt] = [this.#used, clock.monotonic()];
    // What calls took beyond what was set aside is told with the rest, and no debt after that.
    this.#free = Math.max(this.#free - give, -this.#reserved);
    const reply = await store.exchange({
      account: name,
      period: period.start,
      most: budget().most,
      holder: `${holder}.${this.#lease}`,
      hasLease: this.#hasLease,
      used,
      keep: this.#free + this.#reserved,
      want,
      wish,
    });
    this.#reply = reply;
    if (reply.isLost) {
      this.#lease += 1;
      this.#hasLease = false;
      this.#leasedAt = -Infinity;
      [this.#free, this.#reserved, this.#used, this.#usedBefore, this.#usedAtReply] = [0, 0, 0, 0, 0];
      return;
    }
    this.#hasLease = true;
    this.#leasedAt = askedAt;
    this.#usedAtReply = used;
    this.#free += reply.granted;
  }
}
