import { Readable } from 'node:stream';
import { type Input, type InputRow, readRows, type ValidRow } from '../label/input.ts';
import { madeUpId } from '../label/row.ts';
import { type Drawn, drawSample, type SampleTask } from '../label/sample.ts';
import type { JobsClient, Submitted } from './client.ts';

/** Rows that were left out, and the first reasons. */
export interface LeftOut {
  readonly count: number;
  readonly reasons: readonly string[];
}

const MOST_REASONS = 5;

/** What goes with the rows of a file. */
export interface Submission {
  readonly settings: Readonly<Record<string, string>>;
  /** Which rows go; null sends all. */
  readonly sample: SampleTask | null;
}

/**
 * Sends the rows of a file as one job, as they are read. Rows that the file's format does not allow stay here,
 * and those that sampling leaves out; the others carry their inclusion probability.
 */
export async function submitFile(
  client: JobsClient,
  input: Input,
  { settings, sample }: Submission,
): Promise<{ readonly job: Submitted; readonly leftOut: LeftOut; readonly notSampled: number }> {
  let count = 0;
  let notSampled = 0;
  const sampling = sample === null ? null : await drawSample(sample, input);
  const reasons: string[] = [];
  const leaveOut = (row: Extract<InputRow, { readonly ok: false }>): void => {
    count += 1;
    if (reasons.length < MOST_REASONS) reasons.push(`line ${row.line}: ${row.problem.message}`);
  };
  const drawn = (row: ValidRow): Drawn => {
    const draw = sampling === null ? EVERY_ROW : sampling.of(row);
    if (!draw.taken) notSampled += 1;
    return draw;
  };
  const job = await client.submit(Readable.from(linesOf(input, leaveOut, drawn)), settings);
  return { job, leftOut: { count, reasons }, notSampled };
}

const EVERY_ROW: Drawn = { taken: true, probability: 1 };

async function* linesOf(
  input: Input,
  leaveOut: (row: Extract<InputRow, { readonly ok: false }>) => void,
  drawn: (row: ValidRow) => Drawn,
): AsyncGenerator<string, void> {
  for await (const row of readRows(input)) {
    if (!row.ok) {
      leaveOut(row);
      continue;
    }
    const { taken, probability } = drawn(row);
    if (!taken) continue;
    const { id, prompt, candidates, asks, metadata, inclusion = 1 } = row.item;
    const rubric = row.item.rubric ?? undefined;
    const item = {
      id: id ?? madeUpId(row.line),
      prompt,
      candidates,
      rubric,
      ...asks,
      metadata,
      inclusion_probability: inclusion * probability,
    };
    yield `${JSON.stringify(item)}\n`;
  }
}
