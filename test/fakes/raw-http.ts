import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Sends bytes as they are and returns all that comes back until the server closes the connection. */
export async function exchangeRaw(port: number, request: string | Uint8Array): Promise<string> {
  const socket = await openSocket(port);
  socket.write(request);
  return readAll(socket);
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads until the text so far matches; what comes after stays for later reads. */
export async function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const [chunk] of on(socket)) {
    text += chunk.toString('utf8');
    if (pattern.test(text)) return text;
  }
  throw new Error(`the connection ended before ${pattern}: ${text}`);
}

async function* on(socket: Socket): AsyncGenerator<[Buffer]> {
  while (!socket.readableEnded && !socket.destroyed) {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
    else yield [chunk];
  }
}
