import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { ConfigProblem } from '../contracts/program.ts';

/** A parsed YAML file that knows where each value stands. */
export interface SourceDocument {
  /** Plain data; undefined when the text is no YAML. */
  readonly data: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Place of the value at `path`, or of the nearest part of it that exists. */
  locate(path: readonly PropertyKey[]): { readonly line: number; readonly column: number } | null;
}

/** Reads YAML; syntax errors and duplicate keys become problems with their place. */
export function readYaml(text: string): SourceDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const problems = syntaxProblems(document, lines);
  return {
    // Aliases may build huge values out of little text; fifty are plenty for a configuration.
    data: problems.length === 0 ? document.toJS({ maxAliasCount: 50 }) : undefined,
    problems,
    locate(path) {
      const offset = offsetOf(document, path);
      if (offset === undefined) return null;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

/** One mistake makes the parser stumble on all that follows: the first of each line, and few of them, say enough. */
const MOST_SYNTAX_PROBLEMS = 5;

function syntaxProblems(document: Document.Parsed, lines: LineCounter): ConfigProblem[] {
  const problems = document.errors.map((error): ConfigProblem => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: '', line, column: col, message: firstLine(error.message) };
  });
  const onePerLine = problems.filter(
    (problem, i) => problems.findIndex(({ line }) => line === problem.line) === i,
  );
  return onePerLine.slice(0, MOST_SYNTAX_PROBLEMS);
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const [keyOffset, child] = childOf(node, part);
    if (keyOffset === undefined) return offset;
    offset = keyOffset;
    node = child;
  }
  return offset;
}

/** Where the entry `part` begins, and its value. */
function childOf(node: unknown, part: PropertyKey): [number | undefined, unknown] {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    return [startOf(pair?.key), pair?.value];
  }
  if (isSeq(node)) {
    const child = node.items[Number(part)];
    return [startOf(child), child];
  }
  return [undefined, undefined];
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
