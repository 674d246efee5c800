import type { CostBook } from '../contracts/costs.ts';
import type { Journal } from '../contracts/ledger.ts';
import { GatewayError } from '../domain/errors.ts';
import { parseCostsQuery, renderCosts } from '../wire/costs.ts';
import { renderKeptVerdict } from '../wire/kept-verdict.ts';
import { budgetRoute } from './budget.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import type { TeamHandler } from './handler.ts';
import { queryOf } from './jobs/query.ts';
import { sendJson, sendProblems } from './reply.ts';
import type { TeamRoute } from './team-route.ts';

/** What the surface reads of the ledger. */
export interface LedgerReader {
  readonly journal: Journal;
  readonly costs: CostBook;
}

/** The routes that read what was kept, and how limits stand. */
export function ledgerRoutes(deps: GatewayDeps): readonly TeamRoute[] {
  return [
    { method: 'GET', path: '/v1/feedback/verdicts/:id', handle: createVerdictHandler(deps) },
    { method: 'GET', path: '/v1/feedback/costs', handle: () => createCostsHandler(deps) },
    budgetRoute(deps),
  ];
}

/** `GET /v1/feedback/verdicts/{id}`: a verdict of the caller's team; another team's is not said to exist. */
function createVerdictHandler({ ledger }: GatewayDeps): (id: string) => TeamHandler {
  return (id) => async (exchange, principal) => {
    const found = await kept(ledger).journal.find(principal.team, id);
    if (found === null)
      throw new GatewayError('not_found', 'there is no verdict of this id', { param: 'id' });
    sendJson(exchange, 200, renderKeptVerdict(found));
  };
}

/** `GET /v1/feedback/costs`: what the caller's team spent. */
function createCostsHandler({ ledger }: GatewayDeps): TeamHandler {
  return (exchange, principal) => sendCosts(exchange, kept(ledger).costs, principal.team);
}

/** Answers with the costs of a team, or with `null` of all. */
export async function sendCosts(exchange: Exchange, costs: CostBook, team: string | null): Promise<void> {
  const parsed = parseCostsQuery(queryOf(exchange));
  if (!parsed.ok) {
    sendProblems(exchange, parsed.problems);
    return;
  }
  sendJson(exchange, 200, renderCosts(parsed.value.by, await costs.lines({ ...parsed.value, team })));
}

/** Throws `storage_missing` where nothing is kept. */
export function kept<T>(ledger: T | null): T {
  if (ledger === null)
    throw new GatewayError('storage_missing', 'this gateway keeps no verdicts and no costs');
  return ledger;
}
