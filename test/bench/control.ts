import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

/**
 * The control, a process of its own: the least a JSON gateway can do. It parses the request, writes it anew,
 * asks the engine at `argv[2]` without stream, parses the reply and writes that anew. No checks, no framework.
 */
const engine = new Pool(process.argv[2] ?? '', { connections: 128 });

const server = createServer((request, response) => {
  // A failure ends the process: a control that answers errors quickly would be no control.
  void pass(request, response);
});

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: unknown = JSON.parse(await textOf(request));
  const reply = await engine.request({
    method: 'POST',
    path: request.url ?? '/',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = JSON.stringify(await reply.body.json());
  response.writeHead(reply.statusCode, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

server.listen(0, '127.0.0.1', () => {
  // A TCP server's address is always an object.
  process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit(0));
