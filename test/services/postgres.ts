import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../fakes/supervised-gateway.ts';

/** A PostgreSQL server of this machine's own packages, on a folder and a port that go with it. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string;
  /** As after a crash: no checkpoint, connections are cut. Resolves when it is gone. */
  stopHard(): Promise<void>;
  /** Again, on the same folder and port. */
  start(): Promise<void>;
}

/** It refuses to run as root. */
const NOBODY = 65_534;

export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  const folder = mkdtempSync(join(tmpdir(), 'assay-pg-'));
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  await run(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'assay', '--no-sync'], owner);
  const port = await freePort();
  const url = `postgres://assay@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-k', folder];
    server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
      ...owner,
      stdio: 'ignore',
    });
    while (!(await answers(url))) {
      if (server.exitCode !== null) throw new Error('PostgreSQL does not start');
      await delay(50);
    }
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill(signal);
    await exit;
  };
  await start();
  return {
    url,
    start,
    // SIGQUIT is its immediate shutdown.
    stopHard: () => stop('SIGQUIT'),
    async [Symbol.asyncDispose]() {
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian keeps them out of the PATH, by version. */
function binaries(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).toSorted() : [];
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error('install PostgreSQL (Debian: postgresql) to run this suite');
  return join(root, newest, 'bin');
}

async function run(command: string, args: readonly string[], owner: object): Promise<void> {
  const child = spawn(command, args, { ...owner, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
