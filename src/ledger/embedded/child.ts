import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { lockFolder } from './folder-lock.ts';
import type { ChildReport } from './report.ts';

/**
 * The embedded database as a process of its own: PostgreSQL compiled to WebAssembly (PGlite) on a folder,
 * behind a Unix socket. The gateway starts it with the folder and the socket's path, reads one line about how
 * the start went, and holds its standard input open. When that ends, however the gateway ended, the database
 * is closed and the process goes. Signals are left to the gateway, which drains first.
 */
const [folder = '', socketPath = ''] = process.argv.slice(2);

/** How often the lock says that its owner lives, in milliseconds. */
const TOUCH_MS = 10_000;
/** How often it tells the gateway that it still answers, in milliseconds. */
const BEAT_MS = 500;
/** A pool has one connection at a time; an old one may still be closing. */
const MOST_CONNECTIONS = 4;

function report(line: ChildReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** A gateway that is told to stop by its terminal drains first: the same signal must not take its database away. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// The gateway is gone: nobody reads any more, and the end of the input says so too.
process.stdout.on('error', () => undefined);

async function openDatabase(): Promise<PGlite> {
  const db = await PGlite.create(join(folder, 'data'), {
    // Tables of this size need no large cache, and its memory is never given back.
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'],
  });
  const execute = db.execProtocolRawStream.bind(db);
  // The socket server would wait for ever after a failure of the engine itself; a new process is the cure.
  db.execProtocolRawStream = async (message, options) => {
    try {
      return await execute(message, options);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
  };
  return db;
}

async function serve(): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = lockFolder(folder);
  process.on('exit', () => lock.release());
  const touching = setInterval(() => lock.touch(), TOUCH_MS);
  const db = await openDatabase();
  const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: MOST_CONNECTIONS });
  await server.start();
  report({ type: 'ready' });
  const beating = setInterval(() => process.stdout.write('\n'), BEAT_MS);
  await inputEnded();
  clearInterval(beating);
  clearInterval(touching);
  await server.stop();
  await db.close();
}

function inputEnded(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once('end', () => resolve()).once('error', () => resolve());
    process.stdin.resume();
  });
}

try {
  await serve();
} catch (error) {
  report({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.stdin.destroy();
}
