import type { Clock } from '../contracts/clock.ts';
import { GatewayError } from '../domain/errors.ts';

/** One thing to write. */
export interface QueueEntry {
  /** Bytes that it takes while it waits. */
  readonly bytes: number;
  /** It is committed, or, with the error, refused by the database. */
  settle(error?: unknown): void;
}

export interface WriteQueueOptions<Entry extends QueueEntry> {
  readonly clock: Clock;
  /** Bytes that may wait before callers do. */
  readonly mostBytes: number;
  /** Writes all or none. Throws `storage_unavailable` when it is worth trying again, anything else when it is not. */
  write(batch: readonly Entry[]): Promise<void>;
  /** Told when writing begins to fail, and when it works again (null). */
  changed(problem: unknown): void;
}

/** Longest time that entries are gathered for, in milliseconds. */
const GATHER_MS = 100;
/** Entries, and bytes of them, in one transaction. */
const BATCH = 500;
const BATCH_BYTES = 4_194_304;
const FIRST_PAUSE_MS = 250;
const LARGEST_PAUSE_MS = 5_000;
/** So often the process is kept alive while it closes; timers of the clock do not. */
const HOLD_MS = 1_000;

/**
 * Writes entries in order, in batches, one batch at a time. While the database is away it keeps them and tries on;
 * what the database refuses is found by halving its batch and refused alone.
 */
export class WriteQueue<Entry extends QueueEntry> {
  readonly #options: WriteQueueOptions<Entry>;
  #waiting: Entry[] = [];
  #bytes = 0;
  #isWriting = true;
  #pauseMs = FIRST_PAUSE_MS;
  #running: Promise<void> | null = null;
  #hurry: (() => void) | null = null;
  #isClosing = false;
  #isOver = false;
  readonly #roomers = new Set<() => void>();

  constructor(options: WriteQueueOptions<Entry>) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False while the last write failed. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  add(entry: Entry): void {
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    if (this.#running === null) this.#running = this.#run();
    else if (this.#isFull() && this.#isWriting) this.#hurry?.();
  }

  /** Resolves when there is room; rejects with `storage_unavailable` when there is none until `signal` aborts. */
  room(signal: AbortSignal): Promise<void> {
    if (this.#bytes < this.#options.mostBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#roomers.delete(enter);
        const message = 'the ledger holds as much as it may, and its database takes no more';
        reject(new GatewayError('storage_unavailable', message, { retryAfterSeconds: 5 }));
      };
      this.#roomers.add(enter);
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Writes what waits, for at most `ms`; the number of entries that are left. */
  async close(ms: number): Promise<number> {
    this.#isClosing = true;
    this.#hurry?.();
    const hold = setInterval(() => undefined, HOLD_MS);
    const cancel = this.#options.clock.after(ms, () => {
      this.#isOver = true;
      this.#hurry?.();
    });
    await this.#running;
    cancel();
    clearInterval(hold);
    return this.#waiting.length;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isOver) {
      if (!this.#isFull() && !this.#isClosing && this.#isWriting) await this.#sleep(GATHER_MS);
      const written = await this.#writeNext();
      if (!written && !this.#isOver) await this.#pause();
    }
    this.#running = null;
  }

  async #writeNext(): Promise<boolean> {
    const batch = this.#nextBatch();
    try {
      await this.#write(batch);
      return true;
    } catch (error) {
      this.#note(false, error);
      return false;
    }
  }

  /** Throws only when the database is away; then what was not settled waits on. */
  async #write(batch: readonly Entry[]): Promise<void> {
    try {
      await this.#options.write(batch);
      this.#works();
      this.#settle(batch);
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'storage_unavailable') throw error;
      if (batch.length === 1) {
        this.#works();
        this.#settle(batch, error);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.#write(batch.slice(0, half));
      await this.#write(batch.slice(half));
    }
  }

  /** Batches are taken from the front, and settled from the front. */
  #settle(batch: readonly Entry[], error?: unknown): void {
    this.#waiting.splice(0, batch.length);
    for (const entry of batch) {
      this.#bytes -= entry.bytes;
      entry.settle(error);
    }
    if (this.#bytes >= this.#options.mostBytes) return;
    for (const enter of this.#roomers) enter();
    this.#roomers.clear();
  }

  #nextBatch(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      bytes += entry.bytes;
      if (batch.length > 0 && (batch.length >= BATCH || bytes > BATCH_BYTES)) break;
      batch.push(entry);
    }
    return batch;
  }

  #isFull(): boolean {
    return this.#waiting.length >= BATCH || this.#bytes >= BATCH_BYTES;
  }

  /** The database answers, whatever it says. */
  #works(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#note(true, null);
  }

  #note(isWriting: boolean, problem: unknown): void {
    if (this.#isWriting === isWriting) return;
    this.#isWriting = isWriting;
    this.#options.changed(problem);
  }

  async #pause(): Promise<void> {
    await this.#sleep(this.#pauseMs);
    this.#pauseMs = Math.min(LARGEST_PAUSE_MS, 2 * this.#pauseMs);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#hurry = null;
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(ms, wake);
      this.#hurry = wake;
    });
  }
}
