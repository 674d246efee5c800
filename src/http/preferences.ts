import { parsePreferences } from '../wire/feedback-request.ts';
import { renderPreferences } from '../wire/verdict.ts';
import { cacheUseOf } from './cache-control.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { deadlineOf, type TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendJson, sendProblems } from './reply.ts';

/** `POST /v1/feedback/preferences`: pairs in, one verdict each out, in the same order. */
export function createPreferencesHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  const rules = { maxItems: deps.limits.maxItems, rubrics: deps.rubrics };
  return async (exchange, principal) => {
    const parsed = parsePreferences(await readJson(exchange, deps.limits.bodyBytes), rules);
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const { items } = parsed.value;
    const policy = catalogue.policy(parsed.value.policy, principal);
    const cache = cacheUseOf(exchange);
    const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
      deps.feedback.preferences(policy.name, items, { ...call, cache }),
    );
    sendJson(exchange, 200, renderPreferences(exchange.requestId, verdicts));
  };
}
