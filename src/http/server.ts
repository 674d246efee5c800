import { createServer, type Server, type ServerOptions } from 'node:http';
import { watchBodies } from './body-watch.ts';
import { refuseRaw } from './client-error.ts';
import type { GatewayDeps } from './deps.ts';
import { InFlight } from './in-flight.ts';
import { listen } from './listen.ts';
import { createListener, type RequestListener } from './listener.ts';
import type { Phase } from './readiness.ts';

/**
 * The gateway's public surface over HTTP: requests in, answers or error envelopes out, and a shutdown that
 * loses neither. It decides who calls, what is well-formed and who may ask for what; it judges nothing,
 * retries nothing and keeps nothing.
 */
export interface GatewayServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(host: string, port: number): Promise<{ readonly url: string; readonly port: number }>;
  /** Turns readiness off and goes on serving, so that load balancers look away before `close`. */
  drain(): void;
  /** Resolves when no request is under way that began with these, at the latest after `ms`. */
  unused(deps: GatewayDeps, ms: number): Promise<void>;
  /**
   * Serves on for `lookAwayMs`, not ready; then stops accepting, lets requests in flight finish for
   * `drainMs`, ends open streams with an error event and closes every connection.
   */
  close(): Promise<void>;
}

/** Time that ended streams have to reach their clients, in milliseconds. */
const CUT_GRACE_MS = 1_000;

/** `deps` is asked at every request, and answers with the same object until the configuration changes. */
export function createGatewayServer(deps: () => GatewayDeps): GatewayServer {
  let phase: Phase = 'serving';
  let closed: Promise<void> | null = null;
  const inFlight = new InFlight();
  const listener = createListener(deps, inFlight, () => phase);
  const server = createHttpServer(listener.listen, deps, inFlight);
  let stopWatch = (): void => undefined;
  const end = (): Promise<void> => {
    phase = 'closing';
    stopWatch();
    return shutDown(deps(), server, inFlight);
  };
  const lookAway = (): Promise<void> => {
    const { clock, lookAwayMs } = deps();
    phase = 'draining';
    return new Promise((resolve) => clock.after(lookAwayMs, resolve));
  };
  return {
    listen(host, port) {
      stopWatch = watchBodies(inFlight, deps().clock);
      return listen(server, host, port);
    },
    drain() {
      if (phase === 'serving') phase = 'draining';
    },
    unused: (old, ms) => listener.unused(old, ms),
    close() {
      closed ??= deps().lookAwayMs === 0 ? end() : lookAway().then(end);
      return closed;
    },
  };
}

/** Node's own defaults leave slow clients a minute for a head and five for a body. */
const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  /** Node would end long uploads too; `body-watch.ts` looks itself. */
  requestTimeout: 0,
  /** Longer than balancers keep theirs, so that they never reuse a connection that just closed. */
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  /** Node would answer without an envelope; the listener looks itself. */
  requireHostHeader: false,
};

const MAX_CONNECTIONS = 10_000;

function createHttpServer(listener: RequestListener, deps: () => GatewayDeps, inFlight: InFlight): Server {
  const server = createServer(SERVER_OPTIONS, listener);
  server.maxConnections = MAX_CONNECTIONS;
  // The body reader says when it wants the body.
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  server.on('clientError', (error, socket) => {
    const isAnswering = [...inFlight].some(
      ({ response }) => response.socket === socket && response.headersSent,
    );
    if (isAnswering) socket.destroy();
    else refuseRaw(error, socket, deps());
  });
  return server;
}

async function shutDown(deps: GatewayDeps, server: Server, inFlight: InFlight): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const exchange of inFlight) {
    exchange.response.shouldKeepAlive = false;
    exchange.closing();
  }
  await inFlight.empty(deps.clock, deps.drainMs);
  for (const exchange of inFlight) exchange.cut();
  await inFlight.empty(deps.clock, CUT_GRACE_MS);
  server.closeAllConnections();
  await stopped;
}
