import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { createApp, type AppListener } from './app.ts';
import { createCatalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { drainingError, toGatewayError } from './failure.ts';
import type { Handler, TeamHandler } from './handler.ts';
import { InFlight } from './in-flight.ts';
import { ledgerRoutes } from './ledger.ts';
import { jobRoutes } from './jobs/routes.ts';
import { createModelHandler, createModelListHandler } from './models.ts';
import { createQualityHandler } from './quality.ts';
import { answerHealth, createReadinessHandler, type Phase } from './readiness.ts';
import { takePathToken } from './path-token.ts';
import { openExchange } from './open-exchange.ts';
import { postHandlers } from './post-handlers.ts';
import { sendError } from './reply.ts';
import { forCallers } from './route-scopes.ts';
import { storedRoutes } from './stored-routes.ts';
import type { TeamRoute } from './team-route.ts';

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

export interface Listener {
  readonly listen: RequestListener;
  /** Resolves when no request is under way that began with these, at the latest after `ms`. */
  unused(deps: GatewayDeps, ms: number): Promise<void>;
}

/**
 * What happens to every request: an exchange is opened, its route found, its end logged. The hot POST routes
 * are found in a table by their exact path, in front of express: being routed and wrapped by express costs
 * more than all the rest of the frame. Routes are made once for each configuration and swapped whole.
 */
export function createListener(current: () => GatewayDeps, inFlight: InFlight, phase: () => Phase): Listener {
  let routes = createRoutes(current(), phase);
  const usage = new WeakMap([[routes.deps, routes.underWay]]);
  const routesNow = (): Routes => {
    const deps = current();
    if (deps === routes.deps) return routes;
    routes = createRoutes(deps, phase);
    usage.set(deps, routes.underWay);
    return routes;
  };
  const listen: RequestListener = (request, response) => {
    const { deps, hot, app, fail, underWay } = routesNow();
    takePathToken(request);
    const exchange = openExchange(deps, [inFlight, underWay], request, response);
    if (phase() !== 'serving') response.shouldKeepAlive = false;
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
    exchange.trace = deps.tracing?.begin(request.headers, path);
    void run(handle, exchange, fail);
  };
  return {
    listen,
    unused: async (deps, ms) => usage.get(deps)?.empty(deps.clock, ms),
  };
}

type Fail = (exchange: Exchange, error: unknown) => void;

interface Routes {
  readonly deps: GatewayDeps;
  /** Exchanges that began with these routes. */
  readonly underWay: InFlight;
  readonly hot: ReadonlyMap<string, Handler>;
  readonly app: AppListener;
  readonly fail: Fail;
}

function createRoutes(deps: GatewayDeps, phase: () => Phase): Routes {
  const catalogue = createCatalogue(deps.policies, deps.engines);
  const forTeams = (method: string, path: string, handle: TeamHandler): Handler =>
    forCallers(deps.authenticator, { method, path }, (exchange, principal) => {
      if (phase() === 'closing') throw drainingError();
      return handle(exchange, principal);
    });
  const fail: Fail = (exchange, error) => sendError(exchange, toGatewayError(error, exchange, deps.logger));
  const counted = counting(deps);
  const hot = new Map(
    postHandlers(deps, catalogue).map(([path, handle]) => [
      path,
      forTeams('POST', path, FREE.has(path) ? handle : counted(handle)),
    ]),
  );
  const startedAt = Math.floor(deps.clock.now() / 1000);
  const oneModel = createModelHandler(catalogue, startedAt);
  const quality = createQualityHandler(deps, catalogue);
  const app = createApp({
    version: deps.version,
    hot,
    health: answerHealth,
    readiness: createReadinessHandler(deps, phase),
    models: forTeams('GET', '/v1/models', createModelListHandler(catalogue, startedAt)),
    model: (id) => forTeams('GET', '/v1/models/*id', oneModel(id)),
    quality: (policy) => forTeams('GET', '/v1/feedback/policies/:name', quality(policy)),
    others: [...ledgerRoutes(deps), ...jobRoutes(deps, catalogue), ...storedRoutes(deps)].map(
      ({ handle, ...route }) => ({
        ...route,
        handle: (id) =>
          forTeams(route.method, route.path, isSubmission(route) ? counted(handle(id)) : handle(id)),
      }),
    ),
    fail,
  });
  return { deps, underWay: new InFlight(), hot, app, fail };
}

/** Paths of POST that cost nothing. */
const FREE: ReadonlySet<string> = new Set(['/v1/feedback/outcomes']);

/** Work that is handed in, to be done later. */
function isSubmission({ method, path }: Pick<TeamRoute, 'method' | 'path'>): boolean {
  return method === 'POST' && (path === '/v1/feedback/jobs' || path === '/v1/batches');
}

/** Requests count against what their team may send in a minute. */
function counting({ budgets }: GatewayDeps): (handle: TeamHandler) => TeamHandler {
  return (handle) => (exchange, principal) => {
    const waiting = budgets.request(principal.team);
    return waiting === undefined
      ? handle(exchange, principal)
      : waiting.then(() => handle(exchange, principal));
  };
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
