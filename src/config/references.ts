import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from './loader.ts';

/**
 * `${env:NAME}` and `${file:/path}` in string values. A reference stands for its value as a whole or
 * inside a longer text; a trailing line break of a file is dropped, as secret files often end with one.
 */

/** Something wrong with a value, by its path. */
export interface ValueProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export interface Resolved {
  readonly data: unknown;
  /** Path (joined by `.`) of each value that came from a reference -> the text as written. */
  readonly referenced: ReadonlyMap<string, string>;
  readonly problems: readonly ValueProblem[];
}

const REFERENCE = /\$\{([^}]*)\}/g;

export function resolveReferences(data: unknown, environment: Environment, directory: string): Resolved {
  const referenced = new Map<string, string>();
  const problems: ValueProblem[] = [];

  const replace = (text: string, path: readonly PropertyKey[]): string =>
    text.replace(REFERENCE, (whole, body: string) => {
      referenced.set(path.join('.'), text);
      const value = lookUp(body, environment, directory);
      if (value.ok) return value.text;
      problems.push({ path, message: value.message });
      return whole;
    });

  const walk = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') return replace(value, path);
    if (Array.isArray(value)) return value.map((entry, index) => walk(entry, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, walk(entry, [...path, key])]),
    );
  };

  return { data: walk(data, []), referenced, problems };
}

type LookUp = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

function lookUp(body: string, environment: Environment, directory: string): LookUp {
  const [scheme, name] = split(body);
  if (scheme === 'env' && /^[A-Za-z_]\w*$/.test(name)) {
    const text = environment[name];
    if (text !== undefined) return { ok: true, text };
    return { ok: false, message: `the environment has no variable ${name}` };
  }
  if (scheme === 'file' && name !== '') return readSecretFile(resolve(directory, name));
  return { ok: false, message: `"\${${body}}" is no reference; write \${env:NAME} or \${file:/path}` };
}

function split(body: string): [string, string] {
  const at = body.indexOf(':');
  return at === -1 ? [body, ''] : [body.slice(0, at), body.slice(at + 1)];
}

function readSecretFile(path: string): LookUp {
  try {
    return { ok: true, text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { ok: false, message: `the file ${path} cannot be read (${code})` };
  }
}
