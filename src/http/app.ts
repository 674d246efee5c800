import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { GatewayError } from '../domain/errors.ts';
import { openApiDocument } from '../wire/openapi.ts';
import { sendDocsFile, sendDocsPage } from './docs-page.ts';
import type { Exchange } from './exchange.ts';
import type { Handler } from './handler.ts';
import { sendError, sendJsonText } from './reply.ts';

/**
 * Routing for everything that is not hot: reads, docs, wrong methods and unknown paths. Express carries no
 * body parser here and none of its own replies or error pages can be reached.
 */
export interface AppRoutes {
  readonly version: string;
  /** Handlers of POST by path; the listener finds them by the plain path, express in every other spelling. */
  readonly hot: ReadonlyMap<string, Handler>;
  readonly health: Handler;
  readonly readiness: Handler;
  readonly models: Handler;
  readonly model: (id: string) => Handler;
  readonly quality: (policy: string) => Handler;
  /** Whatever else there is. */
  readonly others: readonly AppRoute[];
  /** Answers with the error answer for whatever was thrown. */
  readonly fail: (exchange: Exchange, error: unknown) => void;
}

export interface AppRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With at most one parameter, `:id`. */
  readonly path: string;
  readonly handle: (id: string) => Handler;
}

/** Hands an exchange to express. */
export type AppListener = (exchange: Exchange) => void;

export function createApp(routes: AppRoutes): AppListener {
  const exchanges = new WeakMap<object, Exchange>();
  const exchangeOf = (request: Request): Exchange => {
    const exchange = exchanges.get(request);
    if (exchange === undefined) throw new Error('a request came to express past the listener');
    return exchange;
  };
  const app = bareApp();
  defineReads(app, routes, exchangeOf);
  definePosts(app, routes, exchangeOf);
  defineOthers(app, routes, exchangeOf);
  app.use((request) => {
    sendError(exchangeOf(request), new GatewayError('not_found', 'there is no such path'));
  });
  app.use((error: unknown, request: Request, _response: Response, _next: NextFunction) => {
    routes.fail(exchangeOf(request), fromExpress(error));
  });
  return (exchange) => {
    exchanges.set(exchange.request, exchange);
    app(exchange.request, exchange.response);
  };
}

function bareApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.set('query parser', false);
  app.set('trust proxy', false);
  return app;
}

type ExchangeOf = (request: Request) => Exchange;

function defineReads(app: Express, routes: AppRoutes, exchangeOf: ExchangeOf): void {
  const description = JSON.stringify(openApiDocument({ version: routes.version }));
  const read = (
    path: string,
    handle: (request: Request, response: Response) => Promise<void> | void,
  ): void => {
    app.get(path, (request, response) => {
      exchangeOf(request).route = path;
      return handle(request, response);
    });
    app.all(path, (request) => refuseMethod(exchangeOf(request), path, 'GET, HEAD'));
  };
  read('/healthz', (request) => routes.health(exchangeOf(request)));
  read('/readyz', (request) => routes.readiness(exchangeOf(request)));
  read('/openapi.json', (request) => sendJsonText(exchangeOf(request), 200, description));
  read('/docs', (request, response) => {
    response.set('x-request-id', exchangeOf(request).requestId);
    sendDocsPage(response);
  });
  read('/docs/:file', (request, response) => {
    response.set('x-request-id', exchangeOf(request).requestId);
    const isKnown = sendDocsFile(response, String(request.params['file']));
    if (!isKnown) throw new GatewayError('not_found', 'there is no such file');
  });
  read('/v1/feedback/policies/:name', (request) =>
    routes.quality(joined(request.params['name']))(exchangeOf(request)),
  );
  read('/v1/models', (request) => routes.models(exchangeOf(request)));
  // SDKs percent-encode the slash of a model's name, people do not: the rest of the path is the name.
  read('/v1/models/*id', (request) => routes.model(joined(request.params['id']))(exchangeOf(request)));
}

function definePosts(app: Express, { hot }: AppRoutes, exchangeOf: ExchangeOf): void {
  for (const [path, handle] of hot) {
    app.post(path, (request) => {
      exchangeOf(request).route = path;
      return handle(exchangeOf(request));
    });
    app.all(path, (request) => refuseMethod(exchangeOf(request), path, 'POST'));
  }
}

function defineOthers(app: Express, { others }: AppRoutes, exchangeOf: ExchangeOf): void {
  for (const [path, routes] of Map.groupBy(others, (route) => route.path)) {
    for (const { method, handle } of routes) {
      app[METHODS[method]](path, (request) => {
        const exchange = exchangeOf(request);
        exchange.route = path;
        return handle(joined(request.params['id']))(exchange);
      });
    }
    const allow = routes.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');
    app.all(path, (request) => refuseMethod(exchangeOf(request), path, allow));
  }
}

const METHODS = { GET: 'get', POST: 'post', DELETE: 'delete' } as const;

function joined(segments: string | string[] | undefined): string {
  return Array.isArray(segments) ? segments.join('/') : (segments ?? '');
}

function refuseMethod(exchange: Exchange, path: string, allow: string): void {
  exchange.route = path;
  const { method = '' } = exchange.request;
  sendError(exchange, new GatewayError('method_not_allowed', `${path} takes ${allow}, not ${method}`), [
    ['allow', allow],
  ]);
}

/** Express throws errors with a 4xx status of its own for paths that it cannot decode. */
function fromExpress(error: unknown): unknown {
  const isUndecodable = error instanceof URIError;
  return isUndecodable ? new GatewayError('invalid_request', 'the path is not well percent-encoded') : error;
}
