import { toUsd } from '../../domain/cost.ts';
import { readComparison, renderComparison } from '../../wire/trainers/nemo-gym.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import { deadlineOf, type TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { verdictHeaders } from '../verdict-headers.ts';
import { sendUnjudged } from './unjudged.ts';

/** `POST /compare`: a group of responses is ranked with the team's first policy that ranks. */
export function createCompareHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  return async (exchange, principal) => {
    exchange.preferredClass = 'trainer';
    const read = readComparison(await readJson(exchange, deps.limits.bodyBytes));
    if (!read.ok) return sendProblems(exchange, read.problems);
    const policy = catalogue.policy(undefined, principal, 'ranking');
    const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
      deps.held.judge('ranking', policy.name, [{ ok: true, item: read.value }], call),
    );
    const [verdict] = verdicts;
    if (verdict?.result?.kind !== 'ranking') return sendUnjudged(exchange, verdicts);
    const reply = renderComparison(verdict.result, toUsd(verdict.cost.nanoUsd));
    return sendJson(exchange, 200, reply, verdictHeaders(exchange, verdicts));
  };
}
