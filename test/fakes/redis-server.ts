import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { freePort } from '../bench/processes.ts';

/** A real redis-server on a free port of loopback, to be killed, frozen and filled. Keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Resolves when it is dead. */
  kill(): Promise<void>;
  /** Again on the same port, empty. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** One command, on a connection of its own. */
  command(...words: string[]): Promise<unknown>;
}

export async function startRedis(options: { readonly started?: boolean } = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'assay-redis-'));
  let child: ReturnType<typeof spawn> | undefined;

  const command = async (...words: string[]): Promise<unknown> => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  };
  const start = async (): Promise<void> => {
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const started = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    // Nothing of it is left behind when the tests are interrupted.
    process.once('exit', () => started.kill('SIGKILL'));
    await new Promise<void>((resolve, reject) => {
      started.stdout.setEncoding('utf8').on('data', (text) => {
        if (String(text).includes('Ready to accept connections')) resolve();
      });
      started.once('exit', () => reject(new Error('redis-server did not start')));
      started.once('error', reject);
    });
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    const dead = once(dying, 'exit');
    dying.kill('SIGKILL');
    await dead;
  };
  if (options.started !== false) await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    command,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
