import { z } from 'zod';
import type { Problem } from '../domain/errors.ts';

/**
 * Turns what zod found into problems that people can act on: each names its place, what was found (by kind,
 * never the value: it may be a prompt) and what is allowed.
 */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Path = readonly PropertyKey[];

/** Checks `value` and reports one problem for each bad place; `place` goes before each path, as `items[3]`. */
export function check<T>(schema: z.ZodType<T>, value: unknown, place: Path = []): Checked<T> {
  const parsed = schema.safeParse(value, { error: describe });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = new Map<string | null, Problem>();
  for (const problem of parsed.error.issues.flatMap((issue) => problemsOf(issue, place))) {
    if (!problems.has(problem.param)) problems.set(problem.param, problem);
  }
  return { ok: false, problems: [...problems.values()] };
}

/** A problem of the caller's making; the message starts with the place, so that it reads alone. */
export function invalid(param: string | null, statement: string): Problem {
  return {
    code: 'invalid_request',
    message: param === null ? `the body ${statement}` : `${param} ${statement}`,
    param,
  };
}

/** `items[3].prompt[0].role`; null for the whole. */
function pathText(path: Path): string | null {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? keyText(step) : `.${keyText(step)}`;
  }
  return text === '' ? null : text;
}

const LONGEST_KEY = 64;

/** Keys are the caller's text: odd ones are quoted and long ones cut. */
function keyText(key: PropertyKey): string {
  const name = String(key);
  const short = name.length > LONGEST_KEY ? `${name.slice(0, LONGEST_KEY)}…` : name;
  return /^[\w-]+…?$/.test(short) ? short : JSON.stringify(short);
}

function problemsOf(issue: z.core.$ZodIssue, place: Path): Problem[] {
  const path = [...place, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => invalid(pathText([...path, key]), issue.message));
  }
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((issues) => !issues.some(isWrongKind));
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path));
    return [invalid(pathText(path), unionStatement(issue.errors))];
  }
  return [invalid(pathText(path), issue.message)];
}

/** True when a branch of a union was not meant at all: the value itself has another type. */
function isWrongKind(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type';
}

function unionStatement(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const wrongKinds = branches.flat().filter(isWrongKind);
  const kinds = wrongKinds.flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : []));
  const found = wrongKinds[0]?.message.split(', found ')[1];
  if (found === undefined) return 'is required';
  return `must be ${[...new Set(kinds)].map(kindName).join(' or ')}, found ${found}`;
}

/** The statement after the place, for one raw issue; undefined leaves zod's own message. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${kindName(String(issue.expected))}, found ${kindOf(issue.input)}`;
    case 'unrecognized_keys':
      return `is not a known field${allowedFields(issue.inst)}`;
    case 'too_small':
      return sizeStatement(issue, 'at least', Number(issue.minimum));
    case 'too_big':
      return sizeStatement(issue, 'at most', Number(issue.maximum));
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
      return undefined;
  }
}

function allowedFields(schema: unknown): string {
  return schema instanceof z.ZodObject ? `; allowed: ${Object.keys(schema.shape).join(', ')}` : '';
}

function sizeStatement(issue: z.core.$ZodRawIssue, bound: string, limit: number): string {
  const { input } = issue;
  if (typeof input === 'number') return `must be ${bound} ${limit}, found ${input}`;
  const size = typeof input === 'string' || Array.isArray(input) ? input.length : 0;
  if (size === 0) return 'must not be empty';
  const unit = typeof input === 'string' ? 'characters' : 'entries';
  const exact = 'exact' in issue && issue.exact === true;
  return `must have ${exact ? 'exactly' : bound} ${limit} ${unit}, found ${size}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return kindName(typeof value);
}

function kindName(type: string): string {
  switch (type) {
    case 'array':
      return 'a list';
    case 'record':
    case 'object':
      return 'an object';
    case 'int':
      return 'an integer';
    case 'null':
      return 'null';
    default:
      return `a ${type}`;
  }
}
