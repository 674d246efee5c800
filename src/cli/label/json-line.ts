import type { JsonRow } from './item.ts';

export type ParsedLine =
  | { readonly ok: true; readonly value: JsonRow }
  | { readonly ok: false; readonly message: string };

/** Parses a line that must hold one JSON object; says at which column it went wrong. */
export function parseJsonLine(text: string): ParsedLine {
  const parsed = parse(text);
  if (!parsed.ok) return { ok: false, message: describe(text, parsed.message) };
  if (isObject(parsed.value)) return { ok: true, value: parsed.value };
  const kind = Array.isArray(parsed.value)
    ? 'a list'
    : parsed.value === null
      ? 'null'
      : `a ${typeof parsed.value}`;
  return { ok: false, message: `the line is ${kind}, not a JSON object` };
}

function parse(
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

const AT_POSITION = /^(.*?) (?:in JSON )?at position (\d+)/;
const UNEXPECTED_TOKEN = /^Unexpected token '[^]+?'/u;

function describe(text: string, message: string): string {
  const placed = AT_POSITION.exec(message);
  if (placed !== null) return `not JSON at column ${Number(placed[2]) + 1}: ${placed[1]}`;
  const token = UNEXPECTED_TOKEN.exec(message);
  if (token !== null) return `not JSON at column ${columnOfToken(text)}: ${token[0]}`;
  return `not JSON at column ${text.length + 1}: the line ends too early`;
}

/**
 * V8 names an unexpected token but not its place. A start of the text fails with that message only
 * when it reaches the token, so the place is found by halving.
 */
function columnOfToken(text: string): number {
  let before = 0;
  let reaches = text.length;
  while (reaches - before > 1) {
    const middle = Math.floor((before + reaches) / 2);
    const parsed = parse(text.slice(0, middle));
    if (!parsed.ok && UNEXPECTED_TOKEN.test(parsed.message)) reaches = middle;
    else before = middle;
  }
  return reaches;
}

function isObject(value: unknown): value is JsonRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
