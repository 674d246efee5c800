import { DEPTH_LIMIT } from './json-body.ts';
import { exceedsDepth } from './json-depth.ts';
import { findJsonFault } from './json-fault.ts';

/** The value of one line of JSONL, or why it is none: a statement such as `is not JSON`. */
export type ParsedLine =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly statement: string };

export function parseLine(text: string): ParsedLine {
  if (exceedsDepth(text, DEPTH_LIMIT)) {
    return { ok: false, statement: `is nested deeper than ${DEPTH_LIMIT} levels` };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    const fault = findJsonFault(text);
    if (fault === null) return { ok: false, statement: 'is not JSON' };
    const where = fault.atEnd ? 'it ends too early' : `it goes wrong at column ${fault.column}`;
    return { ok: false, statement: `is not JSON: ${where}` };
  }
}
