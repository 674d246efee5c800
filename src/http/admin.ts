import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Operations } from '../contracts/admin.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { TeamAdministration } from '../contracts/team-administration.ts';
import type { Exposition } from '../contracts/metrics.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Authenticator } from '../contracts/authenticator.ts';
import { GatewayError } from '../domain/errors.ts';
import { logAccess } from './access-log.ts';
import { findAdminRoute } from './admin-routes.ts';
import { authenticated } from './authentication.ts';
import { Exchange, requestIdOf } from './exchange.ts';
import { toGatewayError } from './failure.ts';
import { sendConsole } from './console-page.ts';
import { listen } from './listen.ts';
import { sendError } from './reply.ts';

/**
 * The admin API on its own port: how the engines are, draining of replicas, reload of the configuration. It
 * has keys of its own, no key of a team opens it, and without keys only programs of this machine get in. It
 * decides nothing: what it is asked for is done by the `Operations` that it is handed.
 */
export interface AdminServer {
  /** The URL. Rejects when the address cannot be had. */
  listen(place: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<void>;
}

export interface AdminDeps {
  readonly operations: Operations;
  /** For `/metrics`. */
  readonly exposition: Exposition;
  readonly authenticator: Authenticator;
  /** False lets callers of this machine in without a key. */
  needsKey(): boolean;
  /** Null where nothing is kept. */
  readonly teams: TeamAdministration | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const SERVER_OPTIONS = { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 };
const MAX_CONNECTIONS = 100;

export function createAdminServer(deps: AdminDeps): AdminServer {
  const server = createServer(SERVER_OPTIONS, (request, response) => void answer(deps, request, response));
  server.maxConnections = MAX_CONNECTIONS;
  return {
    listen: async ({ host, port }) => (await listen(server, host, port)).url,
    async close() {
      if (!server.listening) return;
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await stopped;
    },
  };
}

async function answer(deps: AdminDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = requestIdOf(request, () => deps.random.id('req_'));
  const exchange = new Exchange(request, response, requestId, deps.clock);
  response.once('close', () => logAccess({ ...deps, logged: 'failed' }, exchange));
  try {
    if (!deps.needsKey()) refusePages(request);
    // The page holds no figure; what it asks for needs a key like any other call.
    if (await sendConsole(exchange)) return;
    await authenticated(deps.authenticator, 'admin', (each) => findAdminRoute(each)(each, deps))(exchange);
  } catch (error) {
    sendError(exchange, toGatewayError(error, exchange, deps.logger));
  } finally {
    // A body that nobody read.
    request.resume();
  }
}

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** Without keys a web page in a browser of this machine could call: browsers tell by these headers. */
function refusePages({ headers }: IncomingMessage): void {
  if (headers.origin === undefined && LOOPBACK_HOST.test(headers.host ?? '')) return;
  throw new GatewayError('forbidden', 'without admin keys, only programs of this machine may call');
}
