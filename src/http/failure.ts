import type { EngineFailure } from '../contracts/engine.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';

/** The one place where whatever was thrown becomes an error that a client may see. */
export function toGatewayError(error: unknown, exchange: Exchange, logger: Logger): GatewayError {
  if (error instanceof GatewayError) return atShutdown(exchange, error);
  const { requestId, route } = exchange;
  logger.error({ err: error, requestId, route }, 'request failed');
  return new GatewayError('internal', `something failed inside Assay; request ${requestId}`, {
    cause: error,
  });
}

export function fromEngineFailure(exchange: Exchange, failure: EngineFailure): GatewayError {
  const { code, message, retryAfterMs } = failure;
  const retry = retryAfterMs === undefined ? {} : { retryAfterSeconds: retryAfterMs / 1_000 };
  return atShutdown(exchange, new GatewayError(code, message, retry));
}

/** Work that the gateway's own shutdown stopped was not cancelled by the caller. */
function atShutdown(exchange: Exchange, error: GatewayError): GatewayError {
  return exchange.isCut && error.code === 'cancelled' ? drainingError() : error;
}

export function drainingError(): GatewayError {
  return new GatewayError('draining', 'this gateway is shutting down');
}
