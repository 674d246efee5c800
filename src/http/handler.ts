import type { Principal } from '../contracts/authenticator.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';

/** Answers one exchange; what it throws becomes the error answer. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

/** A handler for callers whose key has been checked. */
export type TeamHandler = (exchange: Exchange, principal: Principal) => Promise<void> | void;

const DEADLINE_HEADER = 'x-assay-deadline-ms';

/** The deadline of a request in milliseconds: the policy's, or less when the client asks for less. */
export function deadlineOf(exchange: Exchange, policyMs: number): number {
  const wanted = exchange.request.headers[DEADLINE_HEADER];
  if (wanted === undefined) return policyMs;
  if (typeof wanted !== 'string' || !/^[1-9][0-9]{0,8}$/.test(wanted)) {
    throw new GatewayError(
      'invalid_request',
      `${DEADLINE_HEADER} must be a whole number of milliseconds, 1 or more`,
      {
        param: DEADLINE_HEADER,
      },
    );
  }
  return Math.min(policyMs, Number(wanted));
}
