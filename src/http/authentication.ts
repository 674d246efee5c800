import type { Authentication, Authenticator, Credentials, Scope } from '../contracts/authenticator.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import type { Handler, TeamHandler } from './handler.ts';

/** A handler that only callers with this scope reach. Throws what the error answer says. */
export function authenticated(authenticator: Authenticator, scope: Scope, handle: TeamHandler): Handler {
  const enter = (exchange: Exchange, found: Authentication): Promise<void> | void => {
    if (!found.ok) throw refusalError(found);
    const { principal } = found;
    exchange.principal = principal;
    if (!principal.scopes.has(scope)) {
      throw new GatewayError('forbidden', `the key does not allow this: it lacks the scope "${scope}"`);
    }
    return handle(exchange, principal);
  };
  return (exchange) => {
    const found = authenticator.authenticate(credentialsOf(exchange));
    return found instanceof Promise ? found.then((each) => enter(exchange, each)) : enter(exchange, found);
  };
}

function credentialsOf({ request }: Exchange): Credentials {
  return { authorization: request.headers.authorization, address: request.socket.remoteAddress ?? '' };
}

const MESSAGES = {
  unauthenticated: 'the API key is missing or not valid',
  rate_limited: 'too many requests came from this address without a valid API key',
  storage_unavailable: 'the database, or the identity provider, that knows the keys cannot be reached',
} as const;

function refusalError({ refusal }: Authentication & { readonly ok: false }): GatewayError {
  const { code, retryAfterMs } = refusal;
  const wait = retryAfterMs === null ? {} : { retryAfterSeconds: retryAfterMs / 1_000 };
  return new GatewayError(code, MESSAGES[code], wait);
}
