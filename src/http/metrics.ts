import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Exposition } from '../contracts/metrics.ts';
import { listen } from './listen.ts';

/**
 * `GET /metrics` on a port of its own, without a key: for a Prometheus inside the cluster. What stands there
 * names teams and what they spend, so the public port never has it; the admin port has it behind its keys.
 */
export interface MetricsServer {
  /** The URL. Rejects when the address cannot be had. */
  listen(place: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<void>;
}

const SERVER_OPTIONS = { headersTimeout: 10_000, requestTimeout: 10_000, maxHeaderSize: 16 * 1024 };
const MAX_CONNECTIONS = 20;

export function createMetricsServer(exposition: Exposition): MetricsServer {
  const server = createServer(
    SERVER_OPTIONS,
    (request, response) => void answer(exposition, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return {
    listen: async ({ host, port }) => `${(await listen(server, host, port)).url}/metrics`,
    async close() {
      if (!server.listening) return;
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await stopped;
    },
  };
}

async function answer(
  exposition: Exposition,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const isMetrics = request.url?.split('?', 1)[0] === '/metrics';
  if (!isMetrics) sendText(response, 404, 'there is only /metrics here\n');
  else if (request.method !== 'GET') sendText(response, 405, '/metrics takes GET\n', [['allow', 'GET']]);
  else await sendMetrics(exposition, response);
}

/** Answers with all figures; headers beside those of the figures themselves go in front. */
export async function sendMetrics(
  { text, contentType }: Exposition,
  response: ServerResponse,
  headers: readonly (readonly [string, string])[] = [],
): Promise<void> {
  const body = await text();
  if (response.headersSent || response.destroyed) return;
  sendText(response, 200, body, [['content-type', contentType], ...headers]);
}

function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: readonly (readonly [string, string])[] = [],
): void {
  const head = new Map([['content-type', 'text/plain; charset=utf-8'], ...headers]);
  response.writeHead(status, { ...Object.fromEntries(head), 'cache-control': 'no-store' });
  response.end(text);
}
