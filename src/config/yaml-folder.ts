import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../contracts/program.ts';
import { readYaml } from './document.ts';

/** Files of one kind in a folder: prompt templates, rubrics, constitutions. */
export interface FolderFile<T> {
  readonly path: string;
  readonly data: T;
}

/** What is checked of a file beyond its schema: problems with the path of the value that they are about. */
export type FurtherCheck<T> = (
  data: T,
) => readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];

/** Which files of a folder are read, and what is checked of them. */
export interface FileKind<T> {
  /** By what stands in the file, where a kind has several forms. */
  readonly schema: z.ZodType<T> | ((data: unknown) => z.ZodType<T>);
  /** What the folder holds, for messages. */
  readonly noun: string;
  /** Of their names; JSON is YAML too. */
  readonly ending?: '.yaml' | '.json';
  readonly further?: FurtherCheck<T>;
}

/**
 * Reads every such file below the folder, in the order of their paths. Throws `ConfigError` for the first file
 * with problems, with all of them, each with its line.
 */
export function readFolder<T>(
  directory: string,
  { schema, noun, ending = '.yaml', further = () => [] }: FileKind<T>,
): FolderFile<T>[] {
  return filesOf(directory, { noun, ending }).map((path) => ({
    path,
    data: readFile(path, schema, further),
  }));
}

function filesOf(
  directory: string,
  { noun, ending }: { readonly noun: string; readonly ending: string },
): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(ending))
      .toSorted()
      .map((name) => join(directory, name));
  } catch {
    throw new ConfigError(directory, [fileProblem(`this folder of ${noun} cannot be read`)]);
  }
}

function readFile<T>(path: string, schema: FileKind<T>['schema'], further: FurtherCheck<T>): T {
  const source = readYaml(readFileSync(path, 'utf8'));
  if (source.problems.length > 0) throw new ConfigError(path, source.problems);
  const form = typeof schema === 'function' ? schema(source.data) : schema;
  const parsed = form.safeParse(source.data);
  const found = parsed.success ? further(parsed.data) : parsed.error.issues;
  const problems = found.map((issue): ConfigProblem => {
    const place = source.locate(issue.path);
    return {
      path: issue.path.join('.'),
      line: place?.line ?? null,
      column: place?.column ?? null,
      message: issue.message,
    };
  });
  if (problems.length > 0 || !parsed.success) throw new ConfigError(path, problems);
  return parsed.data;
}

/** A problem of a file as a whole. */
export function fileProblem(message: string): ConfigProblem {
  return { path: '', line: null, column: null, message };
}

/** Versions by `name@version`, and the newest of each name by its name alone. Throws for one that is there twice. */
export function byVersion<T extends { readonly name: string; readonly version: number }>(
  files: readonly FolderFile<T>[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  const newest = new Map<string, T>();
  for (const { path, data } of files) {
    const id = `${data.name}@${data.version}`;
    if (found.has(id)) throw new ConfigError(path, [fileProblem(`${id} exists already: raise its version`)]);
    found.set(id, data);
    const known = newest.get(data.name);
    if (known === undefined || known.version < data.version) newest.set(data.name, data);
  }
  return new Map([...found, ...newest]);
}
