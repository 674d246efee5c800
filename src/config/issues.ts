import type { z } from 'zod';
import type { ValueProblem } from './references.ts';
import { constantsAt, isSecretPath, propertiesAt } from './json-schema.ts';

/** Turns what zod found into sentences: what stands there, what is allowed, and what was perhaps meant. */
export function problemsOf(error: z.ZodError, data: unknown): ValueProblem[] {
  return error.issues.flatMap((issue) => describe(issue, data));
}

type Issue = z.core.$ZodIssue;

function describe(issue: Issue, data: unknown): ValueProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(path, key, valueAt(data, path)));
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? 'not a valid name';
    return [
      {
        path,
        message: `"${String(path.at(-1))}" is not a valid name here: ${expectation(issue.issues[0]) ?? reason}`,
      },
    ];
  }
  if (issue.code === 'invalid_union' && issue.errors.length === 0)
    return [unknownKind(path, valueAt(data, path))];
  if (issue.code === 'invalid_union') return [{ path, message: unionMessage(issue) }];
  const value = valueAt(data, path);
  if (value === undefined)
    return [{ path, message: `is missing; expected ${expectation(issue) ?? 'a value'}` }];
  const shown = isSecretPath(path) ? 'a value' : show(value);
  return [{ path, message: `found ${shown}, expected ${expectation(issue) ?? issue.message}` }];
}

/** What would have been right, as a noun phrase. */
function expectation(issue: Issue | undefined): string | undefined {
  switch (issue?.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : withArticle(issue.expected);
    case 'invalid_value':
      return issue.values.length === 1
        ? show(issue.values[0])
        : `one of ${issue.values.map(show).join(', ')}`;
    case 'too_small':
      return `${sizeNoun(issue.origin)} of at least ${String(issue.minimum)}`;
    case 'too_big':
      return `${sizeNoun(issue.origin)} of at most ${String(issue.maximum)}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `text that matches ${issue.pattern ?? ''}`
        : `a valid ${issue.format}`;
    default:
      return undefined;
  }
}

function sizeNoun(origin: string): string {
  if (origin === 'string') return 'a text with a length';
  if (origin === 'array') return 'a list with a length';
  return 'a number';
}

function withArticle(type: string): string {
  const nouns: Record<string, string> = {
    record: 'a map',
    object: 'a map',
    array: 'a list',
    int: 'a whole number',
  };
  return nouns[type] ?? `a ${type}`;
}

function unionMessage(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const ways = issue.errors.map((branch) => branch.map(missingOrUnknown).join(' and '));
  return `fits none of the ${issue.errors.length} forms: ${ways.map((way, i) => `(${i + 1}) ${way}`).join('; ')}`;
}

function missingOrUnknown(issue: Issue): string {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `without ${issue.keys.join(', ')}`;
  return `with ${at === '' ? '' : `${at} as `}${expectation(issue) ?? issue.message}`;
}

function unknownKey(path: readonly PropertyKey[], key: string, value: unknown): ValueProblem {
  const allowed = propertiesAt(path, value);
  const near = nearest(key, allowed.flat());
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  const list = [...new Set(allowed.map((form) => form.join(', ')))].join(' (or) ');
  return { path: [...path, key], message: `is not a known key here.${hint} Allowed: ${list}` };
}

/** A value that should choose between the forms of its map, such as `kind`, and does not. */
function unknownKind(path: readonly PropertyKey[], value: unknown): ValueProblem {
  const allowed = constantsAt(path).map(show).join(', ');
  const found = value === undefined ? 'is missing;' : `found ${show(value)},`;
  return { path, message: `${found} expected one of ${allowed}` };
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The allowed word with the fewest edits, if at most two. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  const ranked = allowed
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance > 0 && distance <= 2)
    .toSorted((x, y) => x.distance - y.distance);
  return ranked[0]?.candidate;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** For a name that points to nothing, with the one that was perhaps meant. */
export function unknownName(name: string, known: readonly string[], kind: string): string {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  const list = known.length === 0 ? 'none' : known.join(', ');
  return `there is no ${kind} "${name}".${hint} Known: ${list}`;
}
