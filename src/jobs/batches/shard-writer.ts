import type { BatchStore, LineInput } from '../../contracts/batches.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { JobReception } from '../../contracts/job-store.ts';
import { SHARD_CHARACTERS, SHARD_ITEMS } from '../settings.ts';

export interface ShardWriterOptions {
  readonly batches: Pick<BatchStore, 'keepReading'>;
  readonly reception: Pick<JobReception, 'addShard'>;
  readonly clock: Clock;
}

/** Silence after which the reader of a file is taken to be dead. */
export const READING_MS = 30_000;
const RENEW_MS = 5_000;

/** Gathers the lines of a file into shards; while shards come, the file counts as being read. */
export class ShardWriter {
  readonly #batchId: string;
  readonly #options: ShardWriterOptions;
  #no = 0;
  #texts: string[] = [];
  #characters = 0;
  #count = 0;
  #renewedAt: number;

  constructor(batchId: string, options: ShardWriterOptions) {
    this.#batchId = batchId;
    this.#options = options;
    this.#renewedAt = options.clock.monotonic();
  }

  async add(input: LineInput): Promise<void> {
    const text = JSON.stringify(input);
    this.#texts.push(text);
    this.#characters += text.length;
    this.#count += 1;
    if (this.#texts.length === SHARD_ITEMS || this.#characters >= SHARD_CHARACTERS) await this.#put();
  }

  /** The number of all lines. */
  async finish(): Promise<number> {
    if (this.#texts.length > 0) await this.#put();
    return this.#count;
  }

  async #put(): Promise<void> {
    const { batches, reception, clock } = this.#options;
    const count = this.#texts.length;
    const items = `[${this.#texts.join(',')}]`;
    await reception.addShard(this.#batchId, { no: this.#no, first: this.#count - count, count, items });
    this.#no += 1;
    this.#texts = [];
    this.#characters = 0;
    if (clock.monotonic() - this.#renewedAt < RENEW_MS) return;
    this.#renewedAt = clock.monotonic();
    await batches.keepReading(this.#batchId, READING_MS);
  }
}
