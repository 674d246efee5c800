import type { BudgetOwner } from '../contracts/budgets.ts';
import type { Call } from '../contracts/call.ts';

/** Whose limits a call counts against, always in this order. */
export function ownersOf({ team, policy }: Pick<Call, 'team' | 'policy'>): readonly BudgetOwner[] {
  return policy === undefined ? [`team:${team}`] : [`team:${team}`, `policy:${policy}`];
}
