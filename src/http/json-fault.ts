/**
 * Finds where a text stops being JSON. `JSON.parse` tells the position only at times and quotes the text,
 * which may be a prompt; so on its failure this reads the text again, without recursion, and says only where.
 */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly atEnd: boolean;
}

/** Null when the text is JSON. Lines and columns count from 1, columns in UTF-16 units. */
export function findJsonFault(text: string): JsonFault | null {
  const at = faultOffset(text);
  if (at === null) return null;
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: at - lineStart + 1,
    atEnd: at >= text.length,
  };
}

const SPACE = /[ \t\n\r]*/y;
const ATOM =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** What may come next: a value, a key, what follows a value, or the first thing after an opening bracket. */
type Expected = 'value' | 'key' | 'after' | 'first-entry' | 'first-key';

function faultOffset(text: string): number | null {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let at = skip(SPACE, text, 0);
  while (at < text.length) {
    const character = text[at] ?? '';
    const next: Step | null = step({ text, at, character, expected, open });
    if (next === null) return at;
    expected = next.expected;
    at = skip(SPACE, text, next.at);
  }
  return expected === 'after' && open.length === 0 ? null : text.length;
}

interface Step {
  readonly at: number;
  readonly expected: Expected;
}

interface Position {
  readonly text: string;
  readonly at: number;
  readonly character: string;
  readonly expected: Expected;
  readonly open: ('[' | '{')[];
}

function step(position: Position): Step | null {
  if (position.expected === 'after') return stepAfterValue(position);
  if (position.expected === 'key' || position.expected === 'first-key') return stepKey(position);
  return stepValue(position);
}

function stepAfterValue({ at, character, open }: Position): Step | null {
  const inside = open.at(-1);
  if (character === ',' && inside !== undefined) {
    return { at: at + 1, expected: inside === '[' ? 'value' : 'key' };
  }
  if ((character === ']' && inside === '[') || (character === '}' && inside === '{')) {
    open.pop();
    return { at: at + 1, expected: 'after' };
  }
  return null;
}

function stepKey({ text, at, character, expected, open }: Position): Step | null {
  if (character === '}' && expected === 'first-key') {
    open.pop();
    return { at: at + 1, expected: 'after' };
  }
  const end = character === '"' ? skip(ATOM, text, at) : at;
  if (end === at) return null;
  const colon = skip(SPACE, text, end);
  return text[colon] === ':' ? { at: colon + 1, expected: 'value' } : null;
}

function stepValue({ text, at, character, expected, open }: Position): Step | null {
  if (character === '[' || character === '{') {
    open.push(character);
    return { at: at + 1, expected: character === '[' ? 'first-entry' : 'first-key' };
  }
  if (character === ']' && expected === 'first-entry') {
    open.pop();
    return { at: at + 1, expected: 'after' };
  }
  const end = skip(ATOM, text, at);
  return end === at ? null : { at: end, expected: 'after' };
}

/** Offset after what `pattern` matches at `at`; `at` itself when it does not. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
