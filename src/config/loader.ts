import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AnchorItem } from '../contracts/anchors.ts';
import type { GoldItem } from '../contracts/canaries.ts';
import type { Certificate } from '../contracts/certificate.ts';
import { ConfigError, type ConfigProblem } from '../contracts/program.ts';
import { crossCheck } from './cross-check.ts';
import { readYaml, type SourceDocument } from './document.ts';
import { problemsOf } from './issues.ts';
import { isSecretPath } from './json-schema.ts';
import { type Resolved, resolveReferences, type ValueProblem } from './references.ts';
import { type Config, configSchema } from './schema.ts';
import { folderOf, loadMaterial } from './material.ts';
import { loadTemplates, type TemplateSet } from './templates.ts';
import type { Constitution } from '../domain/constitution.ts';
import type { Rubric } from '../domain/rubric.ts';

/**
 * From a file to a configuration that can be built: YAML, references to secrets, schema, names that
 * must point to something. All problems are told at once, each with file, place, value and what is
 * allowed. Nothing here starts anything.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  readonly templates: TemplateSet;
  /** Inline ones and those of files, by `name@version`. */
  readonly rubrics: ReadonlyMap<string, Rubric>;
  /** By `name@version`, and the newest by its name alone. */
  readonly constitutions: ReadonlyMap<string, Constitution>;
  /** Path of each value that came from `${env:…}` or `${file:…}` -> the text as written. */
  readonly referenced: ReadonlyMap<string, string>;
  /** Folder that relative paths of the configuration start from. */
  readonly directory: string;
  /** Certificates by policy, where their files were read too. */
  readonly certificates?: ReadonlyMap<string, readonly Certificate[]>;
  /** Anchor items by policy, where their files were read too. */
  readonly anchors?: ReadonlyMap<string, readonly AnchorItem[]>;
  /** Canaries by policy, where their files were read too. */
  readonly canaries?: ReadonlyMap<string, readonly GoldItem[]>;
}

export interface LoadOptions {
  readonly environment: Environment;
  /** Folder of the built-in prompt templates. */
  readonly builtInTemplates: string;
}

/** Reads and checks a file. Throws `ConfigError` with every problem found. */
export function loadConfig(path: string, options: LoadOptions): LoadedConfig {
  return checkText(path, readText(path), options);
}

/** The same for a configuration that is made in code, such as the demo's. */
export function checkConfig(data: unknown, options: LoadOptions): LoadedConfig {
  return checkText('(built in)', JSON.stringify(data), options);
}

function checkText(path: string, text: string, options: LoadOptions): LoadedConfig {
  const source = readYaml(text);
  if (source.problems.length > 0) throw new ConfigError(path, source.problems);
  const directory = dirname(resolve(path));
  const resolved = resolveReferences(source.data ?? {}, options.environment, directory);
  const templates = loadTemplates([
    options.builtInTemplates,
    ...templateDirectories(resolved.data, directory),
  ]);
  const parsed = configSchema.safeParse(resolved.data);
  const material = loadMaterial(resolved.data, directory);
  const problems = [
    ...resolved.problems,
    ...(parsed.success ? [] : problemsOf(parsed.error, resolved.data)),
    ...crossCheck(resolved.data, { templates, ...material }),
    ...inlineSecrets(source.data, resolved),
  ];
  if (problems.length > 0 || !parsed.success) throw new ConfigError(path, placed(source, problems));
  return { config: parsed.data, templates, ...material, referenced: resolved.referenced, directory };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const message = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`;
    throw new ConfigError(path, [{ path: '', line: null, column: null, message }]);
  }
}

function templateDirectories(data: unknown, directory: string): string[] {
  const own = folderOf(data, 'prompts', directory);
  return own === null ? [] : [own];
}

/** Secrets are never written into the file: they come from the environment or from another file. */
function inlineSecrets(data: unknown, { referenced }: Resolved): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of Object.entries(value))
        walk(entry, [...path, Array.isArray(value) ? Number(key) : key]);
    } else if (typeof value === 'string' && !referenced.has(path.join('.')) && isSecretPath(path)) {
      problems.push({
        path,
        message: 'a secret must not stand in the file; write ${env:NAME} or ${file:/path}',
      });
    }
  };
  walk(data, []);
  return problems;
}

/** Gives each problem its place, in the order of the file, without repetitions. */
function placed(source: SourceDocument, problems: readonly ValueProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return problems
    .map(({ path, message }): ConfigProblem => {
      const place = source.locate(path);
      return { path: renderPath(path), line: place?.line ?? null, column: place?.column ?? null, message };
    })
    .filter((entry) => {
      const key = `${entry.path}\u0000${entry.message}`;
      return !seen.has(key) && seen.add(key);
    })
    .toSorted((x, y) => (x.line ?? 0) - (y.line ?? 0) || (x.column ?? 0) - (y.column ?? 0));
}

/** `policies.default.tiers[1]`. */
export function renderPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
