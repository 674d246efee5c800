import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

/**
 * What each room may import: other rooms, npm packages, and whether Node's own I/O modules.
 * A room that is not listed here fails. `main` and `compose` stand above the rooms.
 */
const ROOMS: Record<string, { rooms: string[]; packages: string[] }> = {
  domain: { rooms: [], packages: [] },
  statistics: { rooms: ['domain'], packages: [] },
  contracts: { rooms: ['domain'], packages: [] },
  config: { rooms: ['domain', 'contracts'], packages: ['zod', 'yaml'] },
  wire: { rooms: ['domain', 'contracts'], packages: ['zod', 'zod-openapi'] },
  engines: {
    rooms: ['domain', 'contracts', 'wire'],
    packages: [
      'zod',
      'undici',
      'eventsource-parser',
      '@grpc/grpc-js',
      '@grpc/proto-loader',
      '@huggingface/tokenizers',
    ],
  },
  pool: { rooms: ['domain', 'contracts'], packages: ['undici', 'zod'] },
  resilience: { rooms: ['domain', 'contracts'], packages: ['opossum'] },
  judging: { rooms: ['domain', 'contracts'], packages: ['zod'] },
  routing: { rooms: ['domain', 'contracts', 'statistics'], packages: [] },
  evaluation: { rooms: ['domain', 'contracts', 'statistics'], packages: [] },
  batching: { rooms: ['domain', 'contracts'], packages: [] },
  caching: { rooms: ['domain', 'contracts'], packages: ['lru-cache', '@redis/client', 'zod'] },
  feedback: { rooms: ['domain', 'contracts'], packages: [] },
  jobs: { rooms: ['domain', 'contracts'], packages: ['undici'] },
  tenancy: { rooms: ['domain', 'contracts'], packages: ['jose', 'undici', 'zod'] },
  ledger: {
    rooms: ['domain', 'contracts'],
    packages: ['pg', 'kysely', '@electric-sql/pglite', '@electric-sql/pglite-socket', 'zod'],
  },
  telemetry: {
    rooms: ['domain', 'contracts', 'statistics'],
    packages: ['pino', '@opentelemetry/api'],
  },
  // It runs in browsers, and asks the admin API like everybody else.
  console: { rooms: [], packages: ['preact', '@preact/signals', 'uplot'] },
  http: { rooms: ['domain', 'contracts', 'wire'], packages: ['express', 'zod', 'swagger-ui-dist'] },
  cli: {
    rooms: ['domain', 'contracts', 'wire', 'statistics'],
    packages: ['commander', 'undici', 'zod', 'hyparquet', 'hyparquet-writer'],
  },
};

/** Modules that reach outside the process; these rooms are pure and may use none of them. */
const PURE_ROOMS = new Set(['domain', 'contracts', 'evaluation', 'statistics']);
const PURE_BUILTINS = new Set(['node:crypto', 'node:buffer']);

const source = resolve(import.meta.dirname, '../../src');

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'));
  expect(errors, `${file} does not parse`).toEqual([]);
  const room = roomOf(file);
  const specifiers = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) => entry.entries.map((e) => e.moduleRequest?.value ?? '')),
    ...module.dynamicImports.map((entry) =>
      readFileSync(file, 'utf8')
        .slice(entry.moduleRequest.start, entry.moduleRequest.end)
        .replaceAll(/^['"]|['"]$/g, ''),
    ),
  ];
  return specifiers.filter((s) => s !== '').map((specifier) => ({ file, room, specifier }));
}

function roomOf(file: string): string {
  return relative(source, file).split('/')[0] ?? '';
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

function problemOf({ file, room, specifier }: Import): string | undefined {
  const rule = ROOMS[room];
  const at = `${relative(source, file)} imports ${specifier}`;
  if (rule === undefined) return `${at}: the room "${room}" is not in the table of this test`;
  if (specifier.startsWith('.')) {
    if (!/\.(ts|css)$/.test(specifier)) return `${at}: write the .ts ending`;
    const target = roomOf(resolve(dirname(file), specifier));
    if (target === room || rule.rooms.includes(target)) return undefined;
    return `${at}: ${room} may import only ${rule.rooms.join(', ') || 'nothing'}; meet in contracts instead`;
  }
  if (specifier.startsWith('node:')) {
    if (!PURE_ROOMS.has(room) || PURE_BUILTINS.has(specifier)) return undefined;
    return `${at}: ${room} is pure`;
  }
  if (rule.packages.includes(packageOf(specifier))) return undefined;
  return `${at}: this package has no home in ${room}`;
}

const roomFiles = filesBelow(source).filter((file) => dirname(file) !== source);

describe('rooms', () => {
  it.each(roomFiles.map((file) => relative(source, file)))('%s imports only what its room may', (file) => {
    const problems = importsOf(join(source, file)).map(problemOf).filter(Boolean);
    expect(problems).toEqual([]);
  });

  it('lists no room that does not exist', () => {
    expect(Object.keys(ROOMS).filter((room) => !existsSync(join(source, room)))).toEqual([]);
  });

  it('keeps process.env and process.exit in main.ts alone', () => {
    const offenders = roomFiles.filter((file) => /process\.(env|exit)\b/.test(readFileSync(file, 'utf8')));
    expect(offenders.map((file) => relative(source, file))).toEqual([]);
  });
});
