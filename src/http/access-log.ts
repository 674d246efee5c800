import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Exchange } from './exchange.ts';

/** Status in the log of a request whose client left before the answer was out. */
const CLIENT_LEFT = 499;

/** One line per request, when it is over. Never a body, a key, or a path as it was sent. */
export function logAccess(logger: Logger, clock: Clock, exchange: Exchange): void {
  const { request, response, principal } = exchange;
  const status = response.writableFinished ? response.statusCode : CLIENT_LEFT;
  const fields = {
    requestId: exchange.requestId,
    method: request.method,
    route: exchange.route,
    status,
    ms: Math.round((clock.monotonic() - exchange.startedAt) * 1000) / 1000,
    team: principal?.team ?? null,
    keyId: principal?.keyId ?? null,
    engine: exchange.engine,
    error: exchange.errorCode,
  };
  if (status >= 500) logger.warn(fields, 'request answered');
  else logger.info(fields, 'request answered');
}
