import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { logAccess } from './access-log.ts';
import { createApp, type AppListener } from './app.ts';
import { createCatalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { Exchange, requestIdOf } from './exchange.ts';
import { drainingError, toGatewayError } from './failure.ts';
import { createEmbeddingsHandler, createGenerationHandler } from './generation.ts';
import type { Handler, TeamHandler } from './handler.ts';
import type { InFlight } from './in-flight.ts';
import { createModelHandler, createModelListHandler } from './models.ts';
import { createPreferencesHandler } from './preferences.ts';
import { answerHealth, createReadinessHandler, type Phase } from './readiness.ts';
import { sendError } from './reply.ts';

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * What happens to every request: an exchange is opened, its route found, its end logged. The hot POST routes
 * are found in a table by their exact path, in front of express: being routed and wrapped by express costs
 * more than all the rest of the frame.
 */
export function createListener(deps: GatewayDeps, inFlight: InFlight, phase: () => Phase): RequestListener {
  const { hot, app, fail } = createRoutes(deps, phase);
  return (request, response) => {
    const exchange = open(deps, inFlight, request, response);
    if (phase() === 'closing') response.shouldKeepAlive = false;
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      sendError(
        exchange,
        new GatewayError('invalid_request', 'a host header is required', { param: 'host' }),
      );
      return;
    }
    const path = pathOf(request.url ?? '');
    const handle = request.method === 'POST' ? hot.get(path) : undefined;
    if (handle === undefined) {
      app(exchange);
      return;
    }
    exchange.route = path;
    void run(handle, exchange, fail);
  };
}

function open(
  deps: GatewayDeps,
  inFlight: InFlight,
  request: IncomingMessage,
  response: ServerResponse,
): Exchange {
  const requestId = requestIdOf(request, () => deps.random.id('req_'));
  const exchange = new Exchange(request, response, requestId, deps.clock.monotonic());
  inFlight.add(exchange);
  response.once('close', () => {
    exchange.leave();
    inFlight.remove(exchange);
    logAccess(deps, exchange);
  });
  return exchange;
}

type Fail = (exchange: Exchange, error: unknown) => void;

interface Routes {
  readonly hot: ReadonlyMap<string, Handler>;
  readonly app: AppListener;
  readonly fail: Fail;
}

function createRoutes(deps: GatewayDeps, phase: () => Phase): Routes {
  const catalogue = createCatalogue(deps.policies, deps.engines);
  const forTeams = (handle: TeamHandler): Handler => {
    return (exchange) => {
      const principal = deps.authenticator.authenticate(exchange.request.headers.authorization);
      exchange.principal = principal;
      if (phase() === 'closing') throw drainingError();
      return handle(exchange, principal);
    };
  };
  const fail: Fail = (exchange, error) => sendError(exchange, toGatewayError(error, exchange, deps.logger));
  const handlers: [string, TeamHandler][] = [
    ['/v1/feedback/preferences', createPreferencesHandler(deps, catalogue)],
    ['/v1/chat/completions', createGenerationHandler('chat', deps, catalogue)],
    ['/v1/completions', createGenerationHandler('completion', deps, catalogue)],
    ['/v1/embeddings', createEmbeddingsHandler(deps, catalogue)],
  ];
  const hot = new Map(handlers.map(([path, handle]) => [path, forTeams(handle)]));
  const startedAt = Math.floor(deps.clock.now() / 1000);
  const oneModel = createModelHandler(catalogue, startedAt);
  const app = createApp({
    version: deps.version,
    hot,
    health: answerHealth,
    readiness: createReadinessHandler(deps.engines, phase),
    models: forTeams(createModelListHandler(catalogue, startedAt)),
    model: (id) => forTeams(oneModel(id)),
    fail,
  });
  return { hot, app, fail };
}

/** Without the query; a URL with a host in front is left to express. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

async function run(handle: Handler, exchange: Exchange, fail: Fail): Promise<void> {
  try {
    await handle(exchange);
  } catch (error) {
    fail(exchange, error);
  }
}
