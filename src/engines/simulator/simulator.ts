import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RunningSimulator, SimulatorOptions } from '../../contracts/simulator.ts';
import { ApiError } from './api-error.ts';
import { ToyEngine } from './engine.ts';
import { Exchange } from './exchange.ts';
import { toyOpinion } from './label-odds.ts';
import { loadReplay } from './replay.ts';
import { isAdmin, isKnown, route } from './routes.ts';
import type { Skin } from './skin.ts';

/**
 * The simulated engine: a server that behaves on the wire as vLLM 0.32 or another engine
 * (`skin.ts`) does, in shapes, errors and quirks, with a toy language model and a real-time token clock inside. It owns everything below this folder, needs
 * no other room, and says what it is in a header of every reply. Its labels mean nothing: it is for tests,
 * demos and load. What it does not imitate is listed in `docs/simulator.md`.
 */
export async function startSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const opinion =
    options.replay === undefined
      ? toyOpinion(options.judge)
      : await loadReplay(options.replay.path, options.replay.judge);
  const engine = new ToyEngine(options, opinion);
  const connections = new Connections();
  const server = createSimulatorServer(engine, connections);
  const port = await listen(server, options);
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () => {
      engine.close();
      return closeServer(server);
    },
  };
}

/** Idle connections are closed after this, as uvicorn does. */
const KEEP_ALIVE_MS = 5000;

function createSimulatorServer(engine: ToyEngine, connections: Connections): Server {
  const requests = new Map<string, number>();
  const access = {
    engine,
    requests,
    resetIdleConnections: () => connections.resetIdle(),
    resetAllConnections: (keep: Exchange) => connections.resetAll(keep.request.socket),
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, requestTimeout: 0 },
    (request, response) => {
      connections.serve(request, response);
      const path = pathOf(request);
      const known = isKnown(engine.skin, path);
      const exchange = new Exchange(request, response, {
        path,
        isKnown: known,
        metrics: engine.metrics,
        server: engine.skin.server,
      });
      if (engine.faults.current.gone && !isAdmin(path)) return exchange.reset();
      const counted = known ? path : 'other';
      requests.set(counted, (requests.get(counted) ?? 0) + 1);
      route(access, exchange).catch((error: unknown) => refuse(engine.skin, exchange, error));
    },
  );
  server.on('connection', (socket) => connections.add(socket));
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end(MALFORMED);
  });
  return server;
}

const MALFORMED =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: 30\r\n\r\nInvalid HTTP request received.';

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function refuse(skin: Skin, exchange: Exchange, error: unknown): void {
  if (exchange.isOver) return;
  if (exchange.response.headersSent) return exchange.reset();
  if (!(error instanceof ApiError)) return exchange.json(500, ownFault(error));
  const { status, body } = skin.refusal(error);
  exchange.json(status, body);
}

/** A mistake in the simulator itself must not pass for something that vLLM says. */
function ownFault(error: unknown) {
  const message = `simulator fault: ${error instanceof Error ? error.message : String(error)}`;
  return { error: { message, type: 'SimulatorFault', param: null, code: 500 } };
}

/** The open connections, and which of them has a request on it. */
class Connections {
  readonly #open = new Set<Socket>();
  readonly #busy = new Set<Socket>();

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
  }

  serve({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#busy.add(socket);
    response.on('close', () => this.#busy.delete(socket));
    // The client left while something was written; `close` ends the request.
    response.on('error', () => undefined);
  }

  resetIdle(): void {
    for (const socket of this.#open) if (!this.#busy.has(socket)) socket.resetAndDestroy();
  }

  resetAll(keep: Socket): void {
    for (const socket of this.#open) if (socket !== keep) socket.resetAndDestroy();
  }
}

function listen(server: Server, { host, port }: SimulatorOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
