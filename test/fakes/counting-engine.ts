import { createServer, request as send } from 'node:http';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { listenOn } from './listen.ts';
import { quickSimulator } from './quick-simulator.ts';

/** A simulated engine that outlives the gateway and keeps its own record of what it was asked. */
export interface CountingEngine extends AsyncDisposable {
  readonly url: string;
  /** How often each item was asked for, by the `<<name>>` in its prompt. */
  readonly asked: ReadonlyMap<string, number>;
}

/** Each answer takes `ms`. */
export async function startCountingEngine(model: string, ms: number): Promise<CountingEngine> {
  const options = quickSimulator(model, 0);
  const simulator = await startSimulator({ ...options, clock: { ...options.clock, firstTokenMs: ms } });
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (request.url?.includes('completions') === true) {
        for (const [, name = ''] of body.toString().matchAll(/<<([\w-]+)>>/g)) {
          asked.set(name, (asked.get(name) ?? 0) + 1);
        }
      }
      const { method, headers, url = '' } = request;
      const upstream = send(simulator.url + url, { method: method ?? 'GET', headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      upstream.on('error', () => response.destroy());
      response.on('close', () => upstream.destroy());
      upstream.end(body);
    });
  });
  const url = await listenOn(server);
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await simulator.close();
    },
  };
}
