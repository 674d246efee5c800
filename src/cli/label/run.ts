import { CommandError, EXIT, usageError } from '../exit.ts';
import { backoffMs } from './backoff.ts';
import { type Answer, createFeedbackClient, type FeedbackClient } from './client.ts';
import { type EarlierRows, readEarlierRows } from './earlier-rows.ts';
import { detectFormat, type Format, type Input, type InputRow, readRows, type ValidRow } from './input.ts';
import type { RowTask } from './item.ts';
import { Journal } from './journal.ts';
import { countLines } from './lines.ts';
import { acquireLock } from './lock.ts';
import {
  checkPaths,
  moveAside,
  type OutputFormat,
  refuseForeignOutput,
  type RunPaths,
  runPaths,
} from './paths.ts';
import type { Progress } from './progress.ts';
import { drawnRow, invalidRow, judgedRow, leftOutRow, type OutputRow, unjudgedRow } from './row.ts';
import { drawSample, type SampleTask, type Sampling } from './sample.ts';
import { Tally } from './tally.ts';
import { writeTrl } from './trl-output.ts';

export { OUTPUT_FORMATS } from './paths.ts';

/**
 * Labelling a file: every row of input ends as exactly one row of output, a verdict or the reason why
 * there is none. Owns files and the pace of asking; how a verdict comes about is the gateway's business.
 * What was judged is never asked again, whenever and however an earlier run ended.
 */
export interface LabelTask {
  readonly input: string;
  readonly output: string;
  readonly format: Format | 'auto';
  readonly outputFormat: OutputFormat;
  readonly task: RowTask;
  /** Null for the gateway's default. */
  readonly policy: string | null;
  readonly rubric: string | null;
  /** The engines only play; their labels are never mixed with real ones. */
  readonly simulated: boolean;
  readonly concurrency: number;
  readonly limit: number;
  readonly restart: boolean;
  readonly giveUpAfterMs: number;
  /** Which rows are asked; absent for all. */
  readonly sample?: SampleTask;
}

/** A gateway to ask; `close` ends what was started for this run. */
export interface GatewayAccess {
  readonly url: string;
  readonly apiKey: string | null;
  close(): Promise<void>;
}

export interface RunControl {
  /** Called once, and only when there is something to ask. */
  connect(stop: AbortSignal): Promise<GatewayAccess>;
  readonly progress: Progress;
  /** Aborted: read no further, let what is under way end. */
  readonly stop: AbortSignal;
  /** Aborted: drop what is under way. */
  readonly abort: AbortSignal;
}

export interface LabelReport {
  readonly paths: RunPaths;
  readonly format: Format;
  readonly task: RowTask;
  /** Rows of the input, up to the limit. */
  readonly total: number;
  /** Rows kept from an earlier run. */
  readonly kept: number;
  /** Rows that this run brought. */
  readonly asked: number;
  readonly seconds: number;
  /** All rows of the output; null when the run was interrupted. */
  readonly tally: Tally | null;
  /** Rows of an output in TRL's format; null for Assay's. */
  readonly trlRows: number | null;
  readonly sampling: Sampling | null;
}

/** Throws `CommandError`; what was judged until then is in the journal. */
export async function labelFile(task: LabelTask, control: RunControl): Promise<LabelReport> {
  const paths = runPaths(task.output, task.outputFormat);
  checkPaths(task.input, paths);
  const lock = acquireLock(paths.journal);
  try {
    if (task.restart) moveAside(paths);
    else refuseForeignOutput(paths);
    const format = task.format === 'auto' ? await detectFormat(task.input) : task.format;
    if (task.task !== 'preference' && format !== 'assay') {
      throw usageError(
        `${task.input}: rows of the format ${format} are pairs; --task ${task.task} reads "candidates"`,
      );
    }
    const input: Input = {
      path: task.input,
      format,
      rubric: task.rubric,
      limit: task.limit,
      ...(task.task === 'preference' ? {} : { task: task.task }),
    };
    return await labelInto(paths, input, task, control);
  } finally {
    lock.release();
  }
}

async function labelInto(
  paths: RunPaths,
  input: Input,
  task: LabelTask,
  control: RunControl,
): Promise<LabelReport> {
  const policy = policyColumn(task);
  const sampling = task.sample === undefined ? null : await drawSample(task.sample, input);
  const earlier = await readEarlierRows(paths.journal, policy, sampling?.text);
  const count = await countLines(input.path);
  const journal = new Journal(paths.journal, count.lines);
  try {
    const kept = await keepRows(earlier, input, journal);
    const total = Math.min(count.rows, input.limit);
    control.progress.start({ total, kept });
    const nothing = { asked: 0, seconds: 0 };
    const done = kept < total ? await askRest({ input, journal, task, policy, sampling }, control) : nothing;
    control.progress.end();
    const report = { paths, format: input.format, task: task.task, total, kept, sampling, ...done };
    if (kept + done.asked < total) return { ...report, tally: null, trlRows: null };
    const tally = new Tally();
    const trlRows = task.outputFormat === 'trl' ? await writeTrl(paths.output, input, journal) : null;
    await journal.finish((row) => tally.add(row));
    return { ...report, tally, trlRows };
  } finally {
    control.progress.end();
    journal.close();
  }
}

/** How rows tell for which task and under which policy they were judged; labels of simulated engines stand out. */
function policyColumn({ policy, simulated, task }: LabelTask): string | null {
  const marks = [...(simulated ? ['simulated'] : []), ...(task === 'preference' ? [] : [task])];
  if (marks.length === 0) return policy;
  return (policy === null ? marks : [...marks, policy]).join('/');
}

/** Gives the rows of an earlier run to the lines whose item they judged; returns how many. */
async function keepRows(earlier: EarlierRows, input: Input, journal: Journal): Promise<number> {
  const before = earlier.left;
  if (before === 0) return 0;
  for await (const row of readRows(input)) {
    const place = row.ok ? earlier.claim(row.digest) : null;
    if (place !== null) journal.places.set(row.line, place);
  }
  if (earlier.left === 0) return before;
  throw new CommandError(
    EXIT.usage,
    `${journal.path}: ${earlier.left} of its ${before} judged rows belong to no row of ${input.path}, read as ${input.format}; name another output file, or judge all of it again with --restart`,
  );
}

interface Asking {
  readonly input: Input;
  readonly journal: Journal;
  readonly task: LabelTask;
  readonly policy: string | null;
  readonly sampling: Sampling | null;
}

/** Rows that were asked, and the time that it took once the gateway was there. */
interface Asked {
  readonly asked: number;
  readonly seconds: number;
}

async function askRest(asking: Asking, control: RunControl): Promise<Asked> {
  const { task } = asking;
  const gateway = await control.connect(control.stop);
  const client = createFeedbackClient({
    ...gateway,
    task: task.task,
    policy: task.policy,
    concurrency: task.concurrency,
    giveUpAfterMs: task.giveUpAfterMs,
    backoff: backoffMs,
    onOutage: (reason) => control.progress.note(`no answer from ${gateway.url} (${reason}); trying again`),
  });
  try {
    const start = performance.now();
    const asked = await askRows(asking, client, control);
    return { asked, seconds: (performance.now() - start) / 1000 };
  } finally {
    await client.close();
    await gateway.close();
  }
}

/** So many rows at once; the next line is read when a row is done, so memory does not grow with the file. */
async function askRows(
  asking: Asking,
  client: FeedbackClient,
  { progress, stop, abort }: RunControl,
): Promise<number> {
  const failure = new AbortController();
  const signal = AbortSignal.any([abort, failure.signal]);
  const { input, journal, task } = asking;
  const rows = missingRows(input, journal);
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (!stop.aborted && !signal.aborted) {
      const next = await rows.next();
      if (next.done === true) return;
      const row = next.value;
      const output = row.ok
        ? await outputOf(row, asking, () => client.judge(row, signal))
        : invalidRow(row, asking.policy);
      journal.append(output);
      progress.count(output);
      asked += 1;
    }
  };
  const workers = Array.from({ length: task.concurrency }, () =>
    worker().catch((error: unknown) => {
      if (!signal.aborted) failure.abort(error);
    }),
  );
  await Promise.all(workers);
  await rows.return();
  if (failure.signal.aborted) throw toCommandError(failure.signal.reason, journal.path);
  return asked;
}

async function* missingRows(input: Input, { places }: Journal): AsyncGenerator<InputRow, void> {
  for await (const row of readRows(input)) {
    // Lines that were added since they were counted wait for the next run.
    if (row.line > places.lines) return;
    if (!places.has(row.line)) yield row;
  }
}

/** Asks for the row, unless sampling leaves it out. */
async function outputOf(
  row: ValidRow,
  { sampling, policy }: Asking,
  ask: () => Promise<Answer>,
): Promise<OutputRow> {
  if (sampling === null) return toOutput(row, await ask(), policy);
  const drawn = sampling.of(row);
  if (!drawn.taken) return leftOutRow(row, drawn, { sample: sampling.text, policy });
  return drawnRow(toOutput(row, await ask(), policy), sampling.text, drawn.probability);
}

function toOutput(row: ValidRow, answer: Answer, policy: string | null): OutputRow {
  return answer.ok ? judgedRow(row, answer.verdict, policy) : unjudgedRow(row, answer.failure, policy);
}

function toCommandError(error: unknown, path: string): unknown {
  const isSystemError = error instanceof Error && 'syscall' in error;
  if (!isSystemError) return error;
  return new CommandError(EXIT.stopped, `${path}: cannot be written: ${error.message}`, { cause: error });
}
