import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As the official image does: its first start makes the database that the variables name. */
const ENTRY = `#!/bin/sh
set -eu
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$PGDATA" -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o '-c listen_addresses=' start
  PGPASSWORD="$POSTGRES_PASSWORD" psql -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE \\"$POSTGRES_DB\\""
  pg_ctl -D "$PGDATA" -w stop
fi
exec postgres -D "$PGDATA" -c 'listen_addresses=*'
`;
const COMMANDS = ['sh', 'rm'];

/** Images of the stores that the chart can run, of this machine's Debian packages. Returns the two archives. */
export function makeStoreImages(tools: string, folder: string): readonly string[] {
  const make = (tar: string, name: string, ...options: string[]): string => {
    const target = join(folder, tar);
    execFileSync('python3', [join(tools, 'mkimage.py'), target, name, ...options], { stdio: 'inherit' });
    return target;
  };
  const root = '/usr/lib/postgresql';
  const version = readdirSync(root).toSorted().at(-1) ?? '';
  const bin = join(root, version, 'bin');
  const entry = join(folder, 'postgres-entry.sh');
  writeFileSync(entry, ENTRY);
  chmodSync(entry, 0o755);
  const programs = ['postgres', 'initdb', 'pg_ctl', 'psql', 'pg_isready'].map((name) => join(bin, name));
  const shell = COMMANDS.map((name) => execFileSync('which', [name], { encoding: 'utf8' }).trim());
  const share = [`/usr/share/postgresql/${version}`, '/usr/share/zoneinfo', join(root, version, 'lib')];
  const postgres = make(
    'postgres.tar',
    'local.test/postgres:debian',
    ...[...programs, ...shell].flatMap((binary) => ['--libs', binary]),
    ...[...share, `${entry}:/entry.sh`, `${realpathSync('/bin/sh')}:/bin/sh`].flatMap((add) => [
      '--add',
      add,
    ]),
    `--env=PATH=${bin}:/usr/bin:/bin`,
    '--entrypoint=/entry.sh',
  );
  const servers = ['/usr/bin/redis-server', '/usr/bin/redis-cli'].flatMap((binary) => ['--libs', binary]);
  return [postgres, make('redis.tar', 'local.test/redis:debian', ...servers)];
}
