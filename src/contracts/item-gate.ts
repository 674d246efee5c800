import type { Problem } from '../domain/errors.ts';
import type { BudgetOwner } from './budgets.ts';
import type { Call } from './call.ts';

/**
 * Keeps the items that a team, or the users of a policy, have under way at once to their limit. An item is what
 * ends as one verdict, or one generation. Counted by each gateway for itself.
 */
export interface ItemGate {
  /**
   * Throws `rate_limited` where there is no room for even one item of the call's team and policy, unless the call
   * is of a class that waits (trainers, jobs, audits).
   */
  admit(call: Call): void;
  /** Room for one item: at once where there is some, else as soon as others leave, in the order of asking. */
  enter(call: Call): Entered | Promise<Entered>;
  /** How full it is, for each team and policy with a limit. */
  states(): readonly ItemGateState[];
}

export type Entered =
  /** `leave` is called once, however the item ended. */
  | { readonly ok: true; leave(): void }
  /** The call ended while it waited, or too many wait. */
  | { readonly ok: false; readonly problem: Problem };

export interface ItemGateState {
  readonly owner: BudgetOwner;
  /** Most items at once, >= 1. */
  readonly most: number;
  readonly underWay: number;
  readonly waiting: number;
}
