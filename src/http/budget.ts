import { renderBudget } from '../wire/budget.ts';
import type { GatewayDeps } from './deps.ts';
import { sendJson } from './reply.ts';
import type { TeamRoute } from './team-route.ts';

/** `GET /v1/feedback/budget`: how the limits of the caller's team stand. */
export function budgetRoute({ budgets }: GatewayDeps): TeamRoute {
  return {
    method: 'GET',
    path: '/v1/feedback/budget',
    handle: () => async (exchange, principal) => {
      const states = await budgets.states(`team:${principal.team}`);
      sendJson(exchange, 200, renderBudget(principal.team, states));
    },
  };
}
