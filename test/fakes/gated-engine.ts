import { createServer, request as send } from 'node:http';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { listenOn } from './listen.ts';
import { quickSimulator } from './quick-simulator.ts';

/** A simulated engine whose answers to prompts with `<<held>>` wait until they are let go. */
export interface GatedEngine extends AsyncDisposable {
  readonly url: string;
  /** Calls that wait now. */
  readonly waiting: () => number;
  /** Lets those that wait go, and every later one. */
  open(): void;
}

export async function startGatedEngine(model: string): Promise<GatedEngine> {
  const simulator = await startSimulator(quickSimulator(model, 0));
  const waiting = new Set<() => void>();
  let isOpen = false;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const pass = (): void => {
        const { method, headers, url = '' } = request;
        const upstream = send(simulator.url + url, { method: method ?? 'GET', headers }, (reply) => {
          response.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(response);
        });
        upstream.on('error', () => response.destroy());
        upstream.end(body);
      };
      if (isOpen || !body.includes('<<held>>')) pass();
      else {
        waiting.add(pass);
        response.on('close', () => waiting.delete(pass));
      }
    });
  });
  const url = await listenOn(server);
  return {
    url,
    waiting: () => waiting.size,
    open() {
      isOpen = true;
      for (const pass of waiting) pass();
      waiting.clear();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await simulator.close();
    },
  };
}
