import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Docker } from './engine.ts';

/** The two images that the Dockerfile begins from, and whether they stand in for the real ones. */
export interface Bases {
  readonly node: string;
  readonly base: string;
  readonly areReal: boolean;
}

const REAL = { node: 'node:24-bookworm-slim', base: 'gcr.io/distroless/cc-debian12:nonroot' };
/** What distroless/cc-debian12 is made of. */
const RUNTIME = [
  'base-files',
  'netbase',
  'tzdata',
  'libc6',
  'libssl3',
  'libgcc-s1',
  'libgomp1',
  'libstdc++6',
];
/** A shell and the commands of deploy/assemble.sh. */
const SHELL = [
  'dash',
  'coreutils',
  'findutils',
  'libacl1',
  'libattr1',
  'libgmp10',
  'libselinux1',
  'libpcre2-8-0',
];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * The real bases where their registries answer. Else stand-ins: root file systems of the same Debian packages, which
 * apt fetches; the one to build in has this process's Node, and npm with the registry and certificates of this machine.
 */
export function makeBases(docker: Docker): Bases {
  if ([REAL.node, REAL.base].every((image) => docker.try('pull', '--quiet', image).ok))
    return { ...REAL, areReal: true };
  const folder = mkdtempSync(join(tmpdir(), 'assay-bases-'));
  try {
    const base = join(folder, 'base');
    unpack(RUNTIME, folder, base);
    const build = join(folder, 'build');
    unpack([...RUNTIME, ...SHELL], folder, build);
    addNode(build);
    const variables = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`];
    return {
      node: pack(docker, build, 'assay-stand-in/node', variables),
      base: pack(docker, base, 'assay-stand-in/cc', ['USER 65532']),
      areReal: false,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unpack(packages: readonly string[], folder: string, root: string): void {
  const debs = `${root}.debs`;
  mkdirSync(debs);
  mkdirSync(root);
  // apt drops its rights to a user of its own where it can.
  for (const each of [folder, debs]) chmodSync(each, 0o777);
  execFileSync('apt-get', ['download', '-qq', ...packages], {
    cwd: debs,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync('sh', ['-c', `for deb in *.deb; do dpkg-deb -x "$deb" "$1"; done`, 'sh', root], { cwd: debs });
  const users =
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n';
  writeFileSync(join(root, 'etc/passwd'), users);
}

function addNode(root: string): void {
  const local = join(root, 'usr/local');
  mkdirSync(join(local, 'bin'), { recursive: true });
  cpSync(process.execPath, join(local, 'bin/node'));
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  mkdirSync(join(local, 'etc'), { recursive: true });
  writeFileSync(join(local, 'etc/npmrc'), `registry=${registry}\n`);
  mkdirSync(dirname(join(root, CERTIFICATES)), { recursive: true });
  cpSync(process.env['NODE_EXTRA_CA_CERTS'] ?? CERTIFICATES, join(root, CERTIFICATES), { dereference: true });
  for (const device of ['root', 'tmp']) mkdirSync(join(root, device), { recursive: true });
}

function pack(docker: Docker, root: string, name: string, changes: readonly string[]): string {
  const tar = `${root}.tar`;
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', tar, '.']);
  docker.run('import', ...changes.flatMap((change) => ['--change', change]), tar, `${name}:latest`);
  return `${name}:latest`;
}
