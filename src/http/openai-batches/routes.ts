import type { BatchService } from '../../contracts/batches.ts';
import { parseBatchQuery, parseBatchRequest, renderBatch, renderBatches } from '../../wire/batch.ts';
import type { GatewayDeps } from '../deps.ts';
import { readJson } from '../json-body.ts';
import { queryOf } from '../jobs/query.ts';
import { sendJson, sendProblems } from '../reply.ts';
import type { TeamRoute } from '../team-route.ts';

const BATCHES = '/v1/batches';
const BATCH = `${BATCHES}/:id`;

/** The OpenAI Batches API. */
export function batchRoutes({ limits }: GatewayDeps, batches: BatchService): readonly TeamRoute[] {
  return [
    {
      method: 'POST',
      path: BATCHES,
      handle: () => async (exchange, principal) => {
        const parsed = parseBatchRequest(await readJson(exchange, limits.bodyBytes));
        if (!parsed.ok) {
          sendProblems(exchange, parsed.problems);
          return;
        }
        const { team, policies } = principal;
        const allowed = policies === null ? null : [...policies];
        const batch = await batches.create({ ...parsed.value, team, allowed });
        sendJson(exchange, 200, renderBatch(batch));
      },
    },
    {
      method: 'GET',
      path: BATCHES,
      handle:
        () =>
        async (exchange, { team }) => {
          const parsed = parseBatchQuery(queryOf(exchange));
          if (!parsed.ok) sendProblems(exchange, parsed.problems);
          else sendJson(exchange, 200, renderBatches(await batches.list(team, parsed.value)));
        },
    },
    {
      method: 'GET',
      path: BATCH,
      handle:
        (id) =>
        async (exchange, { team }) => {
          sendJson(exchange, 200, renderBatch(await batches.find(team, id)));
        },
    },
    {
      method: 'POST',
      path: `${BATCH}/cancel`,
      handle:
        (id) =>
        async (exchange, { team }) => {
          exchange.request.resume();
          sendJson(exchange, 200, renderBatch(await batches.cancel(team, id)));
        },
    },
  ];
}
