import { GatewayError, type Problem } from '../domain/errors.ts';
import { readInvalidation, renderCacheStats, renderSwept } from '../wire/cache.ts';
import { audit, auditRoute } from './admin-audit.ts';
import { ACT_BYTES, type AdminMeans, type AdminRoute } from './admin-route.ts';
import { teamRoutes } from './admin-teams.ts';
import { renderJob } from '../wire/job.ts';
import { renderLane, renderRecentVerdict, renderTokens } from '../wire/operations.ts';
import type { Exchange } from './exchange.ts';
import { kept, sendCosts } from './ledger.ts';
import { sendMetrics } from './metrics.ts';
import { readJson } from './json-body.ts';
import { sendObservations } from './observations.ts';
import { sendJson, sendProblems } from './reply.ts';

type AdminHandler = (exchange: Exchange, means: AdminMeans) => Promise<void> | void;

/** The routes of the admin API; who acts, and on what, goes to the log. */
const ROUTES: readonly AdminRoute[] = [
  {
    method: 'GET',
    pattern: '/admin/engines',
    path: /^\/admin\/engines$/,
    handle: (exchange, { operations }) => sendList(exchange, operations.engines()),
  },
  {
    method: 'GET',
    pattern: '/admin/engines/tokens',
    path: /^\/admin\/engines\/tokens$/,
    async handle(exchange, { operations }) {
      sendList(exchange, (await operations.tokens()).map(renderTokens));
    },
  },
  {
    method: 'GET',
    pattern: '/metrics',
    path: /^\/metrics$/,
    handle: ({ response, requestId }, { exposition }) =>
      sendMetrics(exposition, response, [['x-request-id', requestId]]),
  },
  {
    method: 'GET',
    pattern: '/admin/verdicts',
    path: /^\/admin\/verdicts$/,
    handle: (exchange, { operations }) =>
      sendList(exchange, operations.verdicts.newest(SHOWN).map(renderRecentVerdict)),
  },
  {
    method: 'GET',
    pattern: '/admin/lanes',
    path: /^\/admin\/lanes$/,
    handle: (exchange, { operations }) => sendList(exchange, operations.lanes().map(renderLane)),
  },
  {
    method: 'GET',
    pattern: '/admin/jobs',
    path: /^\/admin\/jobs$/,
    async handle(exchange, { operations, clock }) {
      const jobs = kept(await operations.jobs(SHOWN));
      sendList(
        exchange,
        jobs.map((job) => ({ team: job.team, ...renderJob(job, clock.now()) })),
      );
    },
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
  auditRoute,
  ...teamRoutes,
];

/** Rows of a list at most. */
const SHOWN = 50;

function sendList(exchange: Exchange, data: readonly unknown[]): void {
  sendJson(exchange, 200, { object: 'list', data });
}

/** Throws `not_found`, or `method_not_allowed`. */
export function findAdminRoute(exchange: Exchange): AdminHandler {
  const { url = '', method } = exchange.request;
  const path = url.split('?', 1)[0] ?? '';
  const routes = ROUTES.filter((each) => each.path.test(path));
  const [first] = routes;
  if (first === undefined) throw new GatewayError('not_found', 'there is no such path');
  exchange.route = first.pattern;
  const route = routes.find((each) => each.method === method);
  if (route === undefined) {
    const methods = routes.map((each) => each.method).join(', ');
    throw new GatewayError('method_not_allowed', `${first.pattern} takes ${methods}`);
  }
  const [, ...names] = route.path.exec(path) ?? [];
  return (each, means) => route.handle(each, means, names);
}

function drainRoute(action: 'drain' | 'undrain', draining: boolean): AdminRoute {
  return {
    method: 'POST',
    pattern: `/admin/engines/{engine}/replicas/{replica}/${action}`,
    path: new RegExp(`^/admin/engines/([a-z0-9-]+)/replicas/([a-z0-9.-]+)/${action}$`),
    async handle(exchange, means, names) {
      const { operations } = means;
      const name = names.join('/');
      if (!operations.setDraining(name, draining)) {
        throw new GatewayError('not_found', 'there is no replica of this name; GET /admin/engines has them');
      }
      await audit(exchange, means, { act: `engine.${action}`, subject: `replica:${name}`, after: null });
      const replica = operations
        .engines()
        .flatMap((engine) => engine.replicas)
        .find((each) => each.name === name);
      sendJson(exchange, 200, replica ?? null);
    },
  };
}

async function reload(exchange: Exchange, means: AdminMeans): Promise<void> {
  const result = await means.operations.reload();
  await audit(exchange, means, { act: 'config.reload', subject: 'config', after: { ok: result.ok } });
  if (result.ok) sendJson(exchange, 200, result.report);
  else sendProblems(exchange, result.problems.map(toProblem));
}

async function invalidate(exchange: Exchange, means: AdminMeans): Promise<void> {
  const { filter, dryRun } = readInvalidation(await readJson(exchange, ACT_BYTES));
  const { cache } = means.operations;
  const swept = await (dryRun ? cache.count(filter) : cache.drop(filter));
  if (!dryRun) {
    await audit(exchange, means, {
      act: 'cache.invalidate',
      subject: 'cache',
      after: { ...filter, ...swept },
    });
  }
  sendJson(exchange, 200, renderSwept(swept, dryRun));
}

function toProblem({ path, line, message }: { path: string; line: number | null; message: string }): Problem {
  const place = line === null ? '' : `line ${line}: `;
  return { code: 'invalid_request', message: `${place}${message}`, param: path === '' ? null : path };
}
