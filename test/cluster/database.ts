import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, eventually, type Inside } from './shell.ts';

/** Address of the node, as pods see it: the bridge's, which is there from the first pod on. */
const NODE = '10.89.0.1';
const PORT = 15_432;
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** A PostgreSQL of this machine, run beside the kubelet: the "own" database of a release. */
export class Database {
  readonly #bin: string;
  readonly #folder: string;
  readonly #server: Inside;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, bin: string, folder: string, server: Inside) {
    this.#cluster = cluster;
    this.#bin = bin;
    this.#folder = folder;
    this.#server = server;
  }

  static async start(cluster: Cluster): Promise<Database> {
    const root = '/usr/lib/postgresql';
    const bin = join(root, readdirSync(root).toSorted().at(-1) ?? '', 'bin');
    const folder = mkdtempSync(join(tmpdir(), 'assay-cluster-pg-'));
    chownSync(folder, 65_534, 65_534);
    const data = join(folder, 'data');
    const options = ['-D', data, '-A', 'trust', '-U', 'assay', '--no-sync'];
    execFileSync('setpriv', [...NOBODY.slice(1), join(bin, 'initdb'), ...options], { stdio: 'ignore' });
    execFileSync('sh', ['-c', `echo 'host all all 10.0.0.0/8 trust' >> ${data}/pg_hba.conf`]);
    const settings = ['-c', 'listen_addresses=*', '-c', 'fsync=off', '-k', folder];
    const server = cluster.startInside([
      ...NOBODY,
      join(bin, 'postgres'),
      '-D',
      data,
      '-p',
      `${PORT}`,
      ...settings,
    ]);
    const database = new Database(cluster, bin, folder, server);
    await eventually(20, 'PostgreSQL', () =>
      database.query('postgres', 'SELECT 1') === '1' ? true : undefined,
    );
    return database;
  }

  create(name: string): string {
    this.query('postgres', `CREATE DATABASE ${name}`);
    return `postgres://assay@${NODE}:${PORT}/${name}`;
  }

  /** Rows of one column, or what went wrong. */
  query(database: string, sql: string): string {
    const args = ['-h', '127.0.0.1', '-p', `${PORT}`, '-U', 'assay', '-d', database, '-Atc', sql];
    return this.#cluster.manage('in', join(this.#bin, 'psql'), ...args).text;
  }

  stop(): void {
    this.#cluster.manage(
      'in',
      ...NOBODY,
      join(this.#bin, 'pg_ctl'),
      '-D',
      join(this.#folder, 'data'),
      '-m',
      'immediate',
      'stop',
    );
    this.#server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
