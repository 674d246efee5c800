import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Exchange } from './exchange.ts';

/** Status in the log of a request whose client left before the answer was out. */
const CLIENT_LEFT = 499;

/** Which requests get a line: those with status 400 or more and broken streams, or all. */
export type LoggedRequests = 'failed' | 'all';

export interface AccessLog {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly logged: LoggedRequests;
}

export function statusOf({ response }: Exchange): number {
  return response.writableFinished ? response.statusCode : CLIENT_LEFT;
}

/** At most one line per request, when it is over. Never a body, a key, or a path as it was sent. */
export function logAccess({ logger, clock, logged }: AccessLog, exchange: Exchange): void {
  const { request, principal } = exchange;
  const status = statusOf(exchange);
  if (logged === 'failed' && status < 400 && exchange.errorCode === null) return;
  const traceId = exchange.trace?.traceId ?? null;
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
    ...(traceId === null ? {} : { trace_id: traceId }),
  };
  if (status >= 500) logger.warn(fields, 'request answered');
  else logger.info(fields, 'request answered');
}
