import { parseOutcomes, renderReceipts } from '../wire/outcomes.ts';
import type { GatewayDeps } from './deps.ts';
import type { TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendJson, sendProblems } from './reply.ts';

/** `POST /v1/feedback/outcomes`: gold labels for verdicts that the caller's team was given. */
export function createOutcomesHandler({ limits, outcomes }: GatewayDeps): TeamHandler {
  return async (exchange, principal) => {
    const parsed = parseOutcomes(await readJson(exchange, limits.bodyBytes));
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const receipts = outcomes.record(principal.team, parsed.value);
    sendJson(exchange, 200, renderReceipts(parsed.value, receipts));
  };
}
