import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { LineCall, LineRelay, LineReply } from '../../contracts/batches.ts';
import type { Principal } from '../../contracts/authenticator.ts';
import { createCatalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import { Exchange } from '../exchange.ts';
import { toGatewayError } from '../failure.ts';
import type { TeamHandler } from '../handler.ts';
import { postHandlers } from '../post-handlers.ts';
import { PRIORITY_HEADER } from '../priority.ts';
import { sendError } from '../reply.ts';
import { GatheredReply } from './gathered-reply.ts';

/** Calls that a line may be; those that this gateway has no handler for are not served. */
const IN_BATCHES: ReadonlySet<string> = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/feedback/preferences',
  '/v1/feedback/scores',
  '/v1/feedback/critiques',
  '/v1/feedback/rankings',
]);

/**
 * Makes the calls of batches through the very handlers that serve them over HTTP, without a socket: whatever
 * a surface can do, and however it fails, a line of a batch gets the same. Its calls have the class `batch`,
 * and the time of an item of a job instead of a policy's deadline.
 */
export function createLineRelay(deps: GatewayDeps, itemTimeoutMs: number): LineRelay {
  const { calls } = deps;
  const patient: GatewayDeps = {
    ...deps,
    calls: { start: (options) => calls.start({ ...options, timeoutMs: itemTimeoutMs }) },
  };
  const catalogue = createCatalogue(deps.policies, deps.engines);
  const handlers = new Map(postHandlers(patient, catalogue).filter(([path]) => IN_BATCHES.has(path)));
  return {
    paths: [...handlers.keys()],
    async ask(call, signal) {
      const handle = handlers.get(call.path);
      return handle === undefined ? notServed(call) : askOne(handle, call, { deps: patient, signal });
    },
  };
}

const SUBMIT: Principal['scopes'] = new Set(['submit']);

async function askOne(
  handle: TeamHandler,
  call: LineCall,
  { deps, signal }: { readonly deps: GatewayDeps; readonly signal: AbortSignal },
): Promise<LineReply> {
  const request = requestOf(call);
  const reply = new GatheredReply(request);
  const exchange = new Exchange(request, reply, call.requestId, deps.clock);
  const { team, allowed } = call;
  const policies = allowed === null ? null : new Set(allowed);
  const principal: Principal = { team, keyId: null, scopes: SUBMIT, policies };
  exchange.principal = principal;
  exchange.route = call.path;
  const leave = (): void => {
    reply.destroy();
    exchange.leave();
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    await handle(exchange, principal);
  } catch (error) {
    sendError(exchange, toGatewayError(error, exchange, deps.logger));
  } finally {
    signal.removeEventListener('abort', leave);
  }
  const text = signal.aborted ? null : reply.text;
  if (text === null) return { status: 499, code: 'cancelled', body: null };
  return { status: reply.statusCode, code: exchange.errorCode, body: JSON.parse(text) };
}

/** A request that was read from no socket. */
function requestOf({ path, body }: LineCall): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const bytes = Buffer.from(JSON.stringify(body));
  request.method = 'POST';
  request.url = path;
  request.headers = {
    host: 'batch',
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    [PRIORITY_HEADER]: 'batch',
  };
  request.push(bytes);
  request.push(null);
  return request;
}

function notServed({ path }: LineCall): LineReply {
  const message = `${path} is not served in batches any more`;
  const error = { message, type: 'invalid_request_error', param: 'url', code: 'not_found' };
  return { status: 404, code: 'not_found', body: { error } };
}
