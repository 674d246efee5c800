import type { Operations } from '../contracts/admin.ts';
import { GatewayError } from '../domain/errors.ts';
import { parseObservationQuery, renderObservation, renderPlace } from '../wire/observation.ts';
import type { Exchange } from './exchange.ts';
import { queryOf } from './jobs/query.ts';
import { endResponse, sendProblems } from './reply.ts';

/**
 * `GET /admin/policies/{name}/observations`: a bounded page of what certificates rest on, one JSON object a line.
 * The header `x-assay-next` is there as long as there is more.
 */
export function sendObservations(exchange: Exchange, { observations }: Operations, policy: string): void {
  const parsed = parseObservationQuery(queryOf(exchange));
  if (!parsed.ok) {
    sendProblems(exchange, parsed.problems);
    return;
  }
  const page = observations(policy, parsed.value);
  if (page === null) {
    throw new GatewayError('not_found', 'there is no policy of this name that has a target', {
      param: 'name',
    });
  }
  const text = page.observations.map((one) => `${JSON.stringify(renderObservation(one))}\n`).join('');
  const { response } = exchange;
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': exchange.requestId,
    ...(page.next === null ? {} : { 'x-assay-next': renderPlace(page.next) }),
  });
  endResponse(response, text);
}
