import { z } from 'zod';
import { readFaultChange, stateReply } from './admin.ts';
import { ApiError } from './api-error.ts';
import { type ToyEngine, VERSION } from './engine.ts';
import type { Exchange } from './exchange.ts';
import { parseBody } from './json-body.ts';
import type { OwnEndpoint, Skin } from './skin.ts';
import { chat, chatBatch, completions, embeddings, generativeScoring } from './model-calls.ts';
import {
  checkModel,
  detokenizeReply,
  detokenizeSchema,
  modelsReply,
  openApiReply,
  tokenizeReply,
  tokenizeSchema,
} from './small-endpoints.ts';

/** What the server offers: path, method, handler. Which paths need the key is decided by their beginning. */
export interface RouteAccess {
  readonly engine: ToyEngine;
  /** Requests seen, by path. */
  readonly requests: ReadonlyMap<string, number>;
  resetIdleConnections(keep: Exchange): void;
  resetAllConnections(keep: Exchange): void;
}

type Handler = (access: RouteAccess, exchange: Exchange) => Promise<void> | void;

const health: Handler = ({ engine }, exchange) => {
  exchange.empty(engine.faults.current.engineDead ? 503 : 200);
};

const ROUTES: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map<
  string,
  Readonly<Record<string, Handler>>
>([
  ['/v1/chat/completions', { POST: ({ engine }, exchange) => chat(engine, exchange) }],
  ['/v1/chat/completions/batch', { POST: ({ engine }, exchange) => chatBatch(engine, exchange) }],
  ['/v1/completions', { POST: ({ engine }, exchange) => completions(engine, exchange) }],
  ['/v1/embeddings', { POST: ({ engine }, exchange) => embeddings(engine, exchange) }],
  ['/v1/models', { GET: ({ engine }, exchange) => exchange.json(200, modelsReply(modelsAccess(engine))) }],
  ['/generative_scoring', { POST: ({ engine }, exchange) => generativeScoring(engine, exchange) }],
  // Open without a key, though it runs a whole chat completion: so it is in vLLM.
  ['/invocations', { POST: ({ engine }, exchange) => chat(engine, exchange) }],
  ['/tokenize', { POST: tokenize }],
  ['/detokenize', { POST: detokenize }],
  ['/version', { GET: (_, exchange) => exchange.json(200, { version: VERSION }) }],
  ['/health', { GET: health }],
  ['/ping', { GET: health, POST: health }],
  ['/load', { GET: ({ engine }, exchange) => exchange.json(200, { server_load: engine.jobs.size }) }],
  ['/metrics', { GET: metrics }],
  ['/openapi.json', { GET: openApi }],
  ['/simulator/faults', { POST: changeFaults }],
  ['/simulator/state', { GET: (access, exchange) => exchange.json(200, stateReply(access)) }],
]);

/** True for calls that only the simulator has: faults do not touch them. */
export function isAdmin(path: string): boolean {
  return path.startsWith('/simulator/');
}

export function isKnown(skin: Skin, path: string): boolean {
  return routesOf(skin, path) !== undefined;
}

/** The methods of a path in the engine that is played. */
function routesOf(skin: Skin, path: string): Readonly<Record<string, Handler>> | undefined {
  const own = Object.hasOwn(skin.endpoints, path) ? skin.endpoints[path] : undefined;
  if (own !== undefined) return { [own.method]: ownHandler(own) };
  if (path === skin.metrics?.path) return { GET: metrics };
  return isAdmin(path) || skin.hasPath(path) ? ROUTES.get(path) : undefined;
}

function ownHandler({ method, reply }: OwnEndpoint): Handler {
  return async ({ engine }, exchange) => {
    const fields = method === 'GET' ? {} : parseBody(anyFields, JSON_TYPE, await exchange.body());
    exchange.json(200, reply(fields, engine.options));
  };
}

const anyFields = z.looseObject({});
const JSON_TYPE = 'application/json';

/** Answers a request. Refusals come as `ApiError`. */
export async function route(access: RouteAccess, exchange: Exchange): Promise<void> {
  const { faults, options } = access.engine;
  if (!isAdmin(exchange.path)) {
    if (!faults.isReady) {
      throw new ApiError(503, { error: 'The model is currently scaling. Please try again later.' });
    }
    if (needsKey(exchange.path) && !hasKey(exchange, options.apiKey)) {
      throw new ApiError(401, { error: 'Unauthorized' });
    }
  }
  const methods = routesOf(access.engine.skin, exchange.path);
  if (methods === undefined) throw new ApiError(404, { detail: 'Not Found' });
  const handler = methods[exchange.request.method ?? ''];
  if (handler !== undefined) return handler(access, exchange);
  exchange.json(405, { detail: 'Method Not Allowed' }, ['allow', Object.keys(methods).join(', ')]);
}

function needsKey(path: string): boolean {
  return ['/v1', '/v2', '/inference'].some((prefix) => path.startsWith(prefix));
}

function hasKey(exchange: Exchange, key: string | undefined): boolean {
  return key === undefined || exchange.header('authorization') === `Bearer ${key}`;
}

function modelsAccess(engine: ToyEngine) {
  const { options, skin } = engine;
  return { options, card: skin.card, nextId: () => engine.nextId() };
}

async function tokenize({ engine }: RouteAccess, exchange: Exchange): Promise<void> {
  const body = parseBody(tokenizeSchema, exchange.header('content-type'), await exchange.body());
  checkModel(body.model, engine);
  exchange.json(200, tokenizeReply(body, engine.options.maxModelTokens));
}

async function detokenize({ engine }: RouteAccess, exchange: Exchange): Promise<void> {
  const body = parseBody(detokenizeSchema, exchange.header('content-type'), await exchange.body());
  checkModel(body.model, engine);
  exchange.json(200, detokenizeReply(body));
}

function metrics({ engine }: RouteAccess, exchange: Exchange): void {
  exchange.text(200, 'text/plain; version=1.0.0; charset=utf-8', engine.metricsText());
}

function openApi({ engine }: RouteAccess, exchange: Exchange): void {
  const paths = [...ROUTES.keys()].filter((path) => !isAdmin(path));
  exchange.json(200, openApiReply(paths, VERSION, engine.options.labelIds));
}

async function changeFaults(access: RouteAccess, exchange: Exchange): Promise<void> {
  const change = readFaultChange(await exchange.body());
  if (!change.ok) return exchange.json(400, { error: change.message });
  access.engine.faults.change(change.value);
  access.engine.applyFaults();
  if (change.value.resetIdleConnections) access.resetIdleConnections(exchange);
  if (change.value.switches.gone === true) access.resetAllConnections(exchange);
  exchange.json(200, access.engine.faults.current);
}
