import { type EnginePost, parseEnginePost } from '../wire/openai.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { fromEngineFailure } from './failure.ts';
import { askInOrder } from './fallback.ts';
import type { TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendError, sendJson, sendProblems } from './reply.ts';
import { overheadHeader } from './verdict-headers.ts';
import { withItem } from './one-item.ts';

/** A route that an engine answers with one JSON body: embeddings, classes, scores of pairs, tokens. */
export function createEnginePost(path: EnginePost, deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  const answer = createEngineAnswer(path, deps, catalogue);
  return async (exchange, principal) =>
    answer(exchange, principal, await readJson(exchange, deps.limits.bodyBytes));
}

/** The same for a body that was read already. */
export function createEngineAnswer(path: EnginePost, deps: GatewayDeps, catalogue: Catalogue) {
  return async (exchange: Exchange, principal: Parameters<TeamHandler>[1], raw: unknown): Promise<void> => {
    const checked = parseEnginePost(path, raw);
    if (!checked.ok) return sendProblems(exchange, checked.problems);
    const body = checked.value;
    const offer = catalogue.model(body.model, principal);
    return withItem(exchange, deps, offer, async (call) => {
      const answered = await askInOrder(exchange, offer.engines, async (engine) => {
        const { result } = await engine.post(path, { ...body, model: engine.model }, call);
        return result;
      });
      const engine: [string, string][] =
        exchange.engine === null ? [] : [['x-assay-engine', exchange.engine]];
      if (answered.ok) sendJson(exchange, 200, answered.value.body, [...engine, overheadHeader(exchange)]);
      else sendError(exchange, fromEngineFailure(exchange, answered.failure), engine);
    });
  };
}
