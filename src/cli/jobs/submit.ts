import { Readable } from 'node:stream';
import type { Input, InputRow } from '../label/input.ts';
import { readRows } from '../label/input.ts';
import { madeUpId } from '../label/row.ts';
import type { JobsClient, Submitted } from './client.ts';

/** Rows that were left out, and the first reasons. */
export interface LeftOut {
  readonly count: number;
  readonly reasons: readonly string[];
}

const MOST_REASONS = 5;

/** Sends the rows of a file as one job, as they are read. Rows that the file's format does not allow stay here. */
export async function submitFile(
  client: JobsClient,
  input: Input,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly job: Submitted; readonly leftOut: LeftOut }> {
  let count = 0;
  const reasons: string[] = [];
  const leaveOut = (row: Extract<InputRow, { readonly ok: false }>): void => {
    count += 1;
    if (reasons.length < MOST_REASONS) reasons.push(`line ${row.line}: ${row.problem.message}`);
  };
  const job = await client.submit(Readable.from(linesOf(input, leaveOut)), settings);
  return { job, leftOut: { count, reasons } };
}

async function* linesOf(
  input: Input,
  leaveOut: (row: Extract<InputRow, { readonly ok: false }>) => void,
): AsyncGenerator<string, void> {
  for await (const row of readRows(input)) {
    if (!row.ok) {
      leaveOut(row);
      continue;
    }
    const { id, prompt, candidates, asks, metadata } = row.item;
    const rubric = row.item.rubric ?? undefined;
    const item = { id: id ?? madeUpId(row.line), prompt, candidates, rubric, ...asks, metadata };
    yield `${JSON.stringify(item)}\n`;
  }
}
