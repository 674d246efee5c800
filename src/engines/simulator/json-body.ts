import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { ApiError, invalidBody } from './api-error.ts';

const NO_INTEGER = 'Input should be a valid integer';

/** A field that must be an integer. Its faults are told apart from those of other numbers. */
export const integer = z.number(NO_INTEGER).int(NO_INTEGER);

export type JsonFields = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON body as FastAPI does, with its refusals: content type, encoding, syntax, then shape. `adapt`
 * may turn the fields of another engine's request into those that the schema knows.
 */
export function parseBody<T>(
  schema: z.ZodType<T>,
  contentType: string | undefined,
  body: Buffer,
  adapt: (fields: JsonFields) => unknown = (fields) => fields,
): T {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw invalidBody(["Unsupported Media Type: Only 'application/json' is allowed"], null);
  }
  if (!isUtf8(body)) throw new ApiError(400, { detail: 'There was an error parsing the body' });
  const data = parseJson(body.toString('utf8'));
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    const message = 'Input should be a valid dictionary or object to extract fields from';
    throw invalidBody([fault('model_attributes_type', 'body', message, data)], 'body');
  }
  const fields = { ...data };
  const parsed = schema.safeParse(adapt(fields), { reportInput: true });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => describe(issue, data));
  throw invalidBody(lines, `body.${parsed.error.issues[0]?.path.join('.') ?? ''}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    const position = /position (\d+)/.exec(reason)?.[1] ?? String(text.length);
    const expected = SYNTAX.find(([pattern]) => pattern.test(reason))?.[1] ?? 'Expecting value';
    const line = `{'type': 'json_invalid', 'loc': 'body.${position}', 'msg': 'JSON decode error', 'input': '<dict of 0 items>', 'ctx': {'error': '${expected}'}}`;
    throw invalidBody([line], `body.${position}`);
  }
}

/** How V8 and Python name the same fault. */
const SYNTAX: readonly (readonly [RegExp, string])[] = [
  [/property name/, 'Expecting property name enclosed in double quotes'],
  [/Expected ','/, "Expecting ',' delimiter"],
  [/Expected ':'/, "Expecting ':' delimiter"],
  [/Unterminated string/, 'Unterminated string starting at'],
  [/non-whitespace/, 'Extra data'],
];

const TYPE_FAULTS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['number', ['float_parsing', 'Input should be a valid number']],
  ['string', ['string_type', 'Input should be a valid string']],
  ['boolean', ['bool_parsing', 'Input should be a valid boolean']],
  ['array', ['list_type', 'Input should be a valid list']],
  ['object', ['dict_type', 'Input should be a valid dictionary']],
]);

function describe(issue: z.core.$ZodIssue, body: object): string {
  const loc = `body.${issue.path.join('.')}`;
  if (issue.input === undefined && issue.code === 'invalid_type') {
    return fault('missing', loc, 'Field required', body);
  }
  if (issue.code === 'invalid_type') {
    if (issue.message === NO_INTEGER) return fault('int_parsing', loc, NO_INTEGER, issue.input);
    const [type, message] = TYPE_FAULTS.get(issue.expected) ?? ['value_error', issue.message];
    return fault(type, loc, message, issue.input);
  }
  if (issue.code === 'too_big' && Array.isArray(issue.input)) {
    const message = `List should have at most ${issue.maximum} items after validation, not ${issue.input.length}`;
    return fault('too_long', loc, message, issue.input);
  }
  return fault('value_error', loc, `Value error, ${issue.message}`, issue.input);
}

function fault(type: string, loc: string, message: string, input: unknown): string {
  return `{'type': '${type}', 'loc': '${loc}', 'msg': '${message}', 'input': ${summary(input)}}`;
}

/** vLLM does not repeat what was sent, only what kind of thing it was. */
function summary(input: unknown): string {
  if (Array.isArray(input)) return `'<list of ${input.length} items>'`;
  if (typeof input === 'object' && input !== null) return `'<dict of ${Object.keys(input).length} items>'`;
  if (typeof input === 'string') return `'<str of ${input.length} characters>'`;
  return `'${String(input)}'`;
}
