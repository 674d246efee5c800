import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from './config/loader.ts';
import type { AnchorItem } from './contracts/anchors.ts';
import { ConfigError, type ConfigProblem } from './contracts/program.ts';
import { parseAnchors } from './wire/anchors.ts';

/** Reads the anchor files that the policies of `path` name. Throws `ConfigError` with every problem found. */
export function withAnchors(path: string, loaded: LoadedConfig): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const anchors = new Map<string, readonly AnchorItem[]>();
  for (const [policy, { anchors: settings }] of Object.entries(loaded.config.policies)) {
    if (settings === undefined) continue;
    const read = readAnchors(resolve(dirname(path), settings.file), loaded.rubrics);
    if (read.ok) {
      anchors.set(policy, read.items);
      continue;
    }
    for (const why of read.problems) {
      const place = `policies.${policy}.anchors.file`;
      problems.push({ path: place, line: null, column: null, message: `${settings.file}${why}` });
    }
  }
  if (problems.length > 0) throw new ConfigError(path, problems);
  return { ...loaded, anchors };
}

type ReadAnchors =
  | { readonly ok: true; readonly items: readonly AnchorItem[] }
  | { readonly ok: false; readonly problems: readonly string[] };

function readAnchors(file: string, rubrics: LoadedConfig['rubrics']): ReadAnchors {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { ok: false, problems: [' cannot be read'] };
  }
  const parsed = parseAnchors(text, rubrics);
  return parsed.ok
    ? parsed
    : { ok: false, problems: parsed.problems.map(({ line, message }) => `:${line}: ${message}`) };
}
