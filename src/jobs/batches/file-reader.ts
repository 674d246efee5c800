import type { BatchStore, LineProblem, LineReader, ReadLine, UnreadBatch } from '../../contracts/batches.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { FileStore } from '../../contracts/files.ts';
import type { JobReception } from '../../contracts/job-store.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { pause } from '../pause.ts';
import { RECEIVING_MS, SWEEP_MS } from '../settings.ts';
import { READING_MS, ShardWriter } from './shard-writer.ts';

export interface FileReaderOptions {
  readonly batches: BatchStore;
  readonly files: FileStore;
  readonly reception: Pick<JobReception, 'addShard'>;
  readonly readLines: LineReader;
  /** Most lines of one batch. */
  readonly maxItems: number;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** There is something to work on. */
  readonly wakeWorker: () => void;
}

const POLL_MS = 2_000;
/** Problems that are told; OpenAI's own clients show them all. */
const MOST_PROBLEMS = 1_000;

/**
 * Reads the files of batches into shards, one file at a time: that is their state `validating`. A batch whose
 * reader died is read again from the start by whoever finds it; it is begun with in one transaction.
 */
export class FileReader {
  readonly #options: FileReaderOptions;
  readonly #stop = new AbortController();
  #nap = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: FileReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loops = Promise.all([this.#read(), this.#sweep()]);
  }

  wake(): void {
    this.#nap.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#loops;
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      // Made before the look, so that a call to wake during the look is not lost.
      this.#nap = new AbortController();
      const nap = this.#nap.signal;
      const found = await this.#attempt(async () => {
        const batch = await this.#options.batches.claimUnread(READING_MS);
        if (batch !== null) await this.#readOne(batch);
        return batch !== null;
      });
      if (found !== true) await pause(clock, POLL_MS, nap);
    }
  }

  async #readOne(batch: UnreadBatch): Promise<void> {
    const { batches, files, readLines, wakeWorker } = this.#options;
    const file = await files.find(batch.team, batch.inputFileId);
    if (file === null) {
      await batches.fail(batch.id, [whole('input_file_not_found', 'the input file was deleted')]);
      return;
    }
    const shards = new ShardWriter(batch.id, this.#options);
    const problems = await this.#fill(shards, readLines(files.content(file), batch.endpoint));
    if (problems.length > 0) await batches.fail(batch.id, problems);
    else if (await batches.begin(batch.id, await shards.finish())) wakeWorker();
  }

  /** What is wrong with the lines; when nothing is, all of them are in the shards. */
  async #fill(shards: ShardWriter, lines: AsyncIterable<ReadLine>): Promise<LineProblem[]> {
    const { maxItems } = this.#options;
    const problems: LineProblem[] = [];
    const ids = new Set<string>();
    for await (const each of lines) {
      this.#stop.signal.throwIfAborted();
      if (ids.size === maxItems) {
        return [whole('too_many_lines', `a batch may have at most ${maxItems} lines`)];
      }
      if (!each.ok) problems.push(each.problem);
      else if (ids.has(each.input.customId)) problems.push(repeated(each.line));
      else {
        ids.add(each.input.customId);
        if (problems.length === 0) await shards.add(each.input);
      }
      if (problems.length === MOST_PROBLEMS) return problems;
    }
    if (ids.size === 0 && problems.length === 0) return [whole('empty_file', 'the input file has no lines')];
    return problems;
  }

  async #sweep(): Promise<void> {
    const { clock, files, batches, retentionDays } = this.#options;
    while (!this.#stop.signal.aborted) {
      await pause(clock, SWEEP_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      await this.#attempt(async () => {
        await files.sweep({ receivingMs: RECEIVING_MS });
        await batches.sweep({ retentionDays });
      });
    }
  }

  /** Null when the database could not be asked, or the process ends. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (err) {
      if (!this.#stop.signal.aborted) this.#options.logger.warn({ err }, 'a batch could not be read yet');
      return null;
    }
  }
}

function whole(code: string, message: string): LineProblem {
  return { code, message, param: null, line: null };
}

function repeated(line: number): LineProblem {
  const message = 'custom_id is that of an earlier line; each must be unique';
  return { code: 'duplicate_custom_id', message, param: 'custom_id', line };
}
