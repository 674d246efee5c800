import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from './config/loader.ts';
import type { AnchorItem } from './contracts/anchors.ts';
import type { GoldItem } from './contracts/canaries.ts';
import { ConfigError, type ConfigProblem } from './contracts/program.ts';
import { type ParsedItems, parseAnchors, parseCanaries } from './wire/anchors.ts';

/** Reads the files of anchors and canaries that policies of `path` name. Throws `ConfigError` with every problem found. */
export function withGoldFiles(path: string, loaded: LoadedConfig): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const anchors = new Map<string, readonly AnchorItem[]>();
  const canaries = new Map<string, readonly GoldItem[]>();
  const { rubrics } = loaded;
  for (const [policy, settings] of Object.entries(loaded.config.policies)) {
    const take = <T>(key: 'anchors' | 'canaries', parse: (text: string) => ParsedItems<T>): readonly T[] => {
      const file = settings[key]?.file;
      if (file === undefined) return [];
      const read = readItems(resolve(dirname(path), file), parse);
      if (read.ok) return read.items;
      for (const why of read.problems) {
        const place = `policies.${policy}.${key}.file`;
        problems.push({ path: place, line: null, column: null, message: `${file}${why}` });
      }
      return [];
    };
    anchors.set(
      policy,
      take('anchors', (text) => parseAnchors(text, rubrics)),
    );
    canaries.set(
      policy,
      take('canaries', (text) => parseCanaries(text, rubrics)),
    );
  }
  if (problems.length > 0) throw new ConfigError(path, problems);
  return { ...loaded, anchors, canaries };
}

type ReadItems<T> =
  | { readonly ok: true; readonly items: readonly T[] }
  | { readonly ok: false; readonly problems: readonly string[] };

function readItems<T>(file: string, parse: (text: string) => ParsedItems<T>): ReadItems<T> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { ok: false, problems: [' cannot be read'] };
  }
  const parsed = parse(text);
  return parsed.ok
    ? parsed
    : { ok: false, problems: parsed.problems.map(({ line, message }) => `:${line}: ${message}`) };
}
