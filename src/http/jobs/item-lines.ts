import type { ItemInput } from '../../contracts/feedback.ts';
import type { JobLine } from '../../contracts/jobs.ts';
import type { Task } from '../../domain/task.ts';
import type { ItemNames } from '../../wire/feedback-item.ts';
import { createLineReader, unreadableLine } from '../../wire/feedback-request.ts';
import type { BodyLine } from '../body-lines.ts';
import { parseLine } from '../json-line.ts';

/** Items of a JSONL body; a line that is none becomes an item that cannot be judged. */
export async function* itemsOfLines(
  lines: AsyncIterable<BodyLine>,
  task: Task,
  names: ItemNames,
): AsyncGenerator<JobLine, void> {
  const read = createLineReader(task, names);
  for await (const each of lines) {
    const { line } = each;
    if (each.ok) yield { line, input: readItem(each.text, line, read) };
    else yield { line, input: unreadableLine(line, each.statement) };
  }
}

/** Items of a JSON body; they are counted as lines, from 1. */
export async function* itemsOfList(
  items: readonly unknown[],
  task: Task,
  names: ItemNames,
): AsyncGenerator<JobLine, void> {
  const read = createLineReader(task, names);
  for (const [index, raw] of items.entries()) yield { line: index + 1, input: read(index + 1, raw) };
}

function readItem(text: string, line: number, read: ReturnType<typeof createLineReader>): ItemInput {
  const parsed = parseLine(text);
  return parsed.ok ? read(line, parsed.value) : unreadableLine(line, parsed.statement);
}
