import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LoadOrder } from './load.ts';
import { type Load, startLoad } from './processes.ts';

let load: Load;
beforeAll(() => {
  load = startLoad();
});
afterAll(() => load[Symbol.asyncDispose]());

async function serve(listener: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: z.object({ port: z.int() }).parse(server.address()).port };
}

function orderFor(port: number): LoadOrder {
  return {
    port,
    path: '/echo',
    headers: { 'x-test': 'yes' },
    body: '{"text":"ä"}',
    connections: 3,
    milliseconds: 10_000,
    maxRequests: 20,
    expect: 'ä',
  };
}

describe('the load generator', () => {
  it('sends whole requests and takes replies of both framings apart', async () => {
    const seen: unknown[] = [];
    const { server, port } = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        seen.push([request.method, request.url, request.headers['x-test'], text]);
        if (seen.length % 2 === 0) {
          response.write('first ');
          setImmediate(() => response.end(text));
        } else response.end(text);
      });
    });
    const report = await load.run(orderFor(port));
    server.close();
    expect(report).toMatchObject({ requests: 20, failures: 0, firstFailure: null });
    expect(seen).toHaveLength(20);
    expect(new Set(seen.map((entry) => JSON.stringify(entry)))).toEqual(
      new Set(['["POST","/echo","yes","{\\"text\\":\\"ä\\"}"]']),
    );
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
  });

  it('counts other statuses and unexpected texts as failures, and shows the first', async () => {
    let count = 0;
    const { server, port } = await serve((_, response) => {
      count += 1;
      if (count <= 4) response.writeHead(503).end('busy: ä');
      else response.end(count <= 10 ? 'something else' : 'ä');
    });
    const report = await load.run({ ...orderFor(port), connections: 1 });
    server.close();
    expect(report).toMatchObject({ requests: 20, failures: 10 });
    expect(report.firstFailure).toMatch(/^HTTP\/1\.1 503 [^]*busy: ä/);
  });

  it('keeps as many requests under way as it has connections, never more', async () => {
    let running = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const { server, port } = await serve((_, response) => {
      running += 1;
      most = Math.max(most, running);
      waiting.push(() => {
        running -= 1;
        response.end('ä');
      });
      // All three connections are here: let them go.
      if (waiting.length === 3) for (const release of waiting.splice(0)) release();
    });
    const report = await load.run({ ...orderFor(port), maxRequests: 21 });
    server.close();
    expect(report).toMatchObject({ requests: 21, failures: 0 });
    expect(most).toBe(3);
  });
});
