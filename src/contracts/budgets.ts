import type { EngineFailure } from './engine.ts';
import type { Call } from './call.ts';

/** What is counted against a limit: nano-dollars, tokens in and out, or requests. */
export type BudgetUnit = 'nanoUsd' | 'tokens' | 'requests';

/** Periods begin and end in UTC. */
export type BudgetPeriod = 'minute' | 'day' | 'month';

/** One limit of a team or a policy. */
export interface Budget {
  readonly unit: BudgetUnit;
  readonly per: BudgetPeriod;
  /** Most of the unit in one period, an integer >= 0. */
  readonly most: number;
}

/** Whose limits they are: `team:<name>` or `policy:<name>`. */
export type BudgetOwner = `team:${string}` | `policy:${string}`;

/**
 * A gateway's order to the keeper of one budget's period. The sum of what is spent and of all leases never passes
 * the budget: a gateway spends only from its lease.
 */
export interface SliceOrder {
  /** Owner, unit and period, such as `team:rm/nanoUsd/day`. */
  readonly account: string;
  /** Start of the period in milliseconds since 1970. */
  readonly period: number;
  readonly most: number;
  /** The gateway, and which of its leases: an id is never used again once a lease was lost. */
  readonly holder: string;
  /** True when this holder has a lease there already. */
  readonly hasLease: boolean;
  /** All that the holder has spent in the period: told as a total, so that telling it twice does no harm. */
  readonly used: number;
  /** Of its lease, how much it still needs: the rest goes back. */
  readonly keep: number;
  /** More than that: at least `want`, or nothing; `wish` where there is plenty. */
  readonly want: number;
  readonly wish: number;
}

export interface SliceReply {
  /** Beyond what was kept: 0, or at least `want`. */
  readonly granted: number;
  /** By everybody in the period, with the leases of gateways that died. */
  readonly spent: number;
  /** What other gateways hold and may give back. */
  readonly elsewhere: number;
  /** The holder was silent for so long that its lease was counted as spent; it begins anew under another id. */
  readonly isLost: boolean;
}

/** Keeps budgets for all gateways. */
export interface SliceStore {
  /** Throws `storage_unavailable`. */
  exchange(order: SliceOrder): Promise<SliceReply>;
  /** Time that a lease outlives its last order, in milliseconds; then it counts as spent. */
  readonly leaseMs: number;
}

/** What one engine call will take at most. */
export interface CallBound {
  readonly nanoUsd: number;
  readonly tokens: number;
}

/** Money and tokens set aside for a call. */
export interface Reservation {
  /** What it took in the end; null when nobody knows: then what was set aside counts. Only the first time counts. */
  settle(used: CallBound | null): void;
}

export type Reserved =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly failure: EngineFailure };

/** How one budget stands. */
export interface BudgetState extends Budget {
  readonly owner: BudgetOwner;
  /** As far as this gateway knows: its own spending and what the last exchange told of the others'. */
  readonly used: number;
  /** Set aside for calls that are under way here. */
  readonly reserved: number;
  /** What this gateway may spend without asking, with what is set aside. */
  readonly leased: number;
  /** When the period ends, in milliseconds since 1970. */
  readonly resetsAt: number;
  /** When it will be used up at the period's pace so far; null when it will last. */
  readonly exhaustedAt: number | null;
}

/** Told of what limits refuse. */
export interface LimitObserver {
  /** A call, a request or an item of this owner was refused because of this limit. */
  refused(owner: BudgetOwner, limit: BudgetUnit | 'items'): void;
}

/** Stands before everything that costs money. */
export interface BudgetGate {
  /** Sets aside what a call will take of every budget of its team and policy; at once where there is no limit. */
  reserve(call: Call, bound: () => CallBound): Reserved | Promise<Reserved>;
  /** Counts a request of the team; undefined when it may go on at once. Rejects with `rate_limited`. */
  request(team: string): Promise<void> | undefined;
  /** How they stand now. Throws `storage_unavailable`. */
  states(owner: BudgetOwner): Promise<readonly BudgetState[]>;
  /** Those that were asked of here in their running period, as far as is known without asking the store. */
  known(): readonly BudgetState[];
}
