import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnsweredRequest } from '../contracts/observers.ts';
import { logAccess, statusOf } from './access-log.ts';
import type { GatewayDeps } from './deps.ts';
import { Exchange, requestIdOf } from './exchange.ts';
import type { InFlight } from './in-flight.ts';

/** An exchange in these lists until its response is closed; then its end is logged, counted and traced. */
export function openExchange(
  deps: GatewayDeps,
  lists: readonly InFlight[],
  request: IncomingMessage,
  response: ServerResponse,
): Exchange {
  const requestId = requestIdOf(request, () => deps.random.id('req_'));
  const exchange = new Exchange(request, response, requestId, deps.clock);
  for (const list of lists) list.add(exchange);
  deps.requests?.began();
  response.once('close', () => {
    exchange.leave();
    for (const list of lists) list.remove(exchange);
    logAccess(deps, exchange);
    deps.requests?.answered(reportOf(deps, exchange));
    endTrace(exchange);
  });
  return exchange;
}

function reportOf({ clock }: GatewayDeps, exchange: Exchange): AnsweredRequest {
  const { route, startedAt, engineTime, queuedMs } = exchange;
  const ms = clock.monotonic() - startedAt;
  return { route, status: statusOf(exchange), ms, engineMs: engineTime.ms(), queuedMs };
}

function endTrace(exchange: Exchange): void {
  const { trace, requestId, principal } = exchange;
  const status = statusOf(exchange);
  trace?.end(
    { 'http.response.status_code': status, 'assay.request.id': requestId, 'assay.team': principal?.team },
    exchange.errorCode,
  );
}
