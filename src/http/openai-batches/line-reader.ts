import type { LineReader, ReadLine } from '../../contracts/batches.ts';
import { readBatchLine, unreadableBatchLine } from '../../wire/batch-line.ts';
import { type BodyLine, linesOf } from '../body-lines.ts';
import { parseLine } from '../json-line.ts';

/** Reads the input files of batches; `longestLine` in bytes. */
export function createLineReader(longestLine: number): LineReader {
  return async function* readLines(content, endpoint) {
    for await (const line of linesOf(content, longestLine)) yield readOne(line, endpoint);
  };
}

function readOne(each: BodyLine, endpoint: string): ReadLine {
  const { line } = each;
  if (!each.ok) return unreadableBatchLine(line, each.statement);
  const parsed = parseLine(each.text);
  return parsed.ok
    ? readBatchLine(line, parsed.value, endpoint)
    : unreadableBatchLine(line, parsed.statement);
}
