import type { Budget, BudgetOwner } from '../../contracts/budgets.ts';
import { abortProblem, GatewayError } from '../../domain/errors.ts';
import type { Refusal } from './account.ts';

const NAMES = { nanoUsd: 'money', tokens: 'tokens', requests: 'requests' } as const;

/** What a caller is told: whose budget, of what, and when there is some again. */
export function refusalOf(refused: {
  readonly owner: BudgetOwner;
  readonly budget: Budget;
  readonly why: Refusal;
  readonly leftMs: number;
}): GatewayError {
  const { owner, budget, why, leftMs } = refused;
  if (typeof why === 'object') return asGatewayError(why.error);
  const [kind, name] = owner.split(':');
  if (why === 'crowded') {
    return new GatewayError('overloaded', `too many calls wait for the limits of the ${kind} ${name}`, {
      retryAfterSeconds: 5,
    });
  }
  const seconds = Math.max(1, Math.ceil(leftMs / 1_000));
  const code = budget.per === 'minute' ? 'rate_limited' : 'over_budget';
  const message = `the ${NAMES[budget.unit]} of the ${kind} ${name} for this ${budget.per} (UTC) does not reach; it begins anew in ${seconds} s`;
  return new GatewayError(code, message, { retryAfterSeconds: seconds });
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const { code, message } = abortProblem(error);
  return new GatewayError(code, message);
}
