import type { Operations } from '../contracts/admin.ts';
import type { Exposition } from '../contracts/metrics.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { GatewayError, type Problem } from '../domain/errors.ts';
import { readInvalidation, renderCacheStats, renderSwept } from '../wire/cache.ts';
import type { Exchange } from './exchange.ts';
import { kept, sendCosts } from './ledger.ts';
import { sendMetrics } from './metrics.ts';
import { readJson } from './json-body.ts';
import { sendObservations } from './observations.ts';
import { sendJson, sendProblems } from './reply.ts';

interface Means {
  readonly exposition: Exposition;
  readonly operations: Operations;
  readonly logger: Logger;
}

type AdminHandler = (exchange: Exchange, means: Means) => Promise<void> | void;

interface Route {
  readonly method: 'GET' | 'POST';
  /** For the log. */
  readonly pattern: string;
  readonly path: RegExp;
  /** `names`: what the groups of `path` matched. */
  handle(exchange: Exchange, means: Means, names: readonly string[]): Promise<void> | void;
}

/** The routes of the admin API; who acts, and on what, goes to the log. */
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/admin/engines',
    path: /^\/admin\/engines$/,
    handle: (exchange, { operations }) =>
      sendJson(exchange, 200, { object: 'list', data: operations.engines() }),
  },
  {
    method: 'GET',
    pattern: '/metrics',
    path: /^\/metrics$/,
    handle: ({ response, requestId }, { exposition }) =>
      sendMetrics(exposition, response, [['x-request-id', requestId]]),
  },
  drainRoute('drain', true),
  drainRoute('undrain', false),
  { method: 'POST', pattern: '/admin/reload', path: /^\/admin\/reload$/, handle: reload },
  {
    method: 'GET',
    pattern: '/admin/cache',
    path: /^\/admin\/cache$/,
    handle: (exchange, { operations }) => sendJson(exchange, 200, renderCacheStats(operations.cache.stats())),
  },
  {
    method: 'POST',
    pattern: '/admin/cache/invalidate',
    path: /^\/admin\/cache\/invalidate$/,
    handle: invalidate,
  },
  {
    method: 'GET',
    pattern: '/admin/costs',
    path: /^\/admin\/costs$/,
    handle: (exchange, { operations }) => sendCosts(exchange, kept(operations.costs()), null),
  },
  {
    method: 'GET',
    pattern: '/admin/policies/{name}/observations',
    path: /^\/admin\/policies\/([a-z0-9-]+)\/observations$/,
    handle: (exchange, { operations }, [policy = '']) => sendObservations(exchange, operations, policy),
  },
];

/** Throws `not_found`, or `method_not_allowed`. */
export function findAdminRoute(exchange: Exchange): AdminHandler {
  const { url = '', method } = exchange.request;
  const path = url.split('?', 1)[0] ?? '';
  const route = ROUTES.find((each) => each.path.test(path));
  if (route === undefined) throw new GatewayError('not_found', 'there is no such path');
  exchange.route = route.pattern;
  if (method !== route.method) {
    throw new GatewayError('method_not_allowed', `${route.pattern} takes ${route.method}`);
  }
  const [, ...names] = route.path.exec(path) ?? [];
  return (each, means) => route.handle(each, means, names);
}

function drainRoute(action: 'drain' | 'undrain', draining: boolean): Route {
  return {
    method: 'POST',
    pattern: `/admin/engines/{engine}/replicas/{replica}/${action}`,
    path: new RegExp(`^/admin/engines/([a-z0-9-]+)/replicas/([a-z0-9.-]+)/${action}$`),
    handle(exchange, { operations, logger }, names) {
      const name = names.join('/');
      if (!operations.setDraining(name, draining)) {
        throw new GatewayError('not_found', 'there is no replica of this name; GET /admin/engines has them');
      }
      audit(exchange, logger, { action, replica: name });
      const replica = operations
        .engines()
        .flatMap((engine) => engine.replicas)
        .find((each) => each.name === name);
      sendJson(exchange, 200, replica ?? null);
    },
  };
}

async function reload(exchange: Exchange, { operations, logger }: Means): Promise<void> {
  const result = await operations.reload();
  audit(exchange, logger, { action: 'reload', ok: result.ok });
  if (result.ok) sendJson(exchange, 200, result.report);
  else sendProblems(exchange, result.problems.map(toProblem));
}

async function invalidate(exchange: Exchange, { operations, logger }: Means): Promise<void> {
  const { filter, dryRun } = readInvalidation(await readJson(exchange, BODY_BYTES));
  const { cache } = operations;
  const swept = await (dryRun ? cache.count(filter) : cache.drop(filter));
  if (!dryRun) audit(exchange, logger, { action: 'invalidate', ...filter, ...swept });
  sendJson(exchange, 200, renderSwept(swept, dryRun));
}

const BODY_BYTES = 16_384;

function toProblem({ path, line, message }: { path: string; line: number | null; message: string }): Problem {
  const place = line === null ? '' : `line ${line}: `;
  return { code: 'invalid_request', message: `${place}${message}`, param: path === '' ? null : path };
}

function audit(exchange: Exchange, logger: Logger, fields: Readonly<Record<string, unknown>>): void {
  const { requestId, principal } = exchange;
  logger.info({ requestId, keyId: principal?.keyId ?? null, ...fields }, 'admin action');
}
