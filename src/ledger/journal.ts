import type { Clock } from '../contracts/clock.ts';
import type { Journal, VerdictRecord } from '../contracts/ledger.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Store } from './store.ts';
import { foundOf, readVerdict } from './verdicts/read.ts';
import { type WritableRows, writableExtra, writableOf, writeRows } from './verdicts/write.ts';
import { type QueueEntry, WriteQueue } from './write-queue.ts';

/**
 * Keeps the verdicts and calls of synchronous traffic, written behind the replies. It holds rows as the JSON in
 * which they will be written, so that their bytes are known and a verdict is found before it is committed.
 * Durable jobs do not pass here: they write within their own transactions.
 */
export interface WriteBehind extends Journal {
  /** Writes what waits, for at most `ms`; says loudly what could not be written. */
  close(ms: number): Promise<void>;
}

export interface WriteBehindOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of rows that may wait; then callers do. */
  readonly mostBytes: number;
}

interface Entry extends QueueEntry {
  readonly rows: WritableRows;
}

export function createWriteBehind(options: WriteBehindOptions): WriteBehind {
  const { store, logger, mostBytes } = options;
  /** By verdict, from the verdict to its commit. */
  const unwritten = new Map<string, WritableRows>();
  const counts = { written: 0, refused: 0 };
  const queue = createQueue(options);
  const add = (verdict: string, rows: WritableRows, settled: (error?: unknown) => void): void => {
    const settle = (error?: unknown): void => {
      counts[error === undefined ? 'written' : 'refused'] += 1;
      if (error !== undefined)
        logger.error({ err: error, verdict }, 'the database refused a record of the ledger');
      settled(error);
    };
    queue.add({ rows, bytes: sizeOf(rows), settle });
  };
  const keep = (record: VerdictRecord, settled: (error?: unknown) => void): void => {
    const rows = writableOf(record);
    const { id } = record.verdict;
    unwritten.set(id, rows);
    add(id, rows, (error) => {
      unwritten.delete(id);
      settled(error);
    });
  };
  return {
    room: (signal) => queue.room(signal),
    record: (records) => settledAll(records, keep),
    recordExtra(calls) {
      if (calls.entries.length > 0) add(calls.verdictId, writableExtra(calls), () => undefined);
    },
    async find(team, verdictId) {
      const rows = unwritten.get(verdictId);
      if (rows === undefined) return readVerdict(store, team, verdictId);
      const found = foundOf(JSON.parse(rows.verdicts[0] ?? 'null'), rows.attempts.map(parsed));
      return found.team === team ? found : null;
    },
    health() {
      const { isWriting, length: waiting, bytes } = queue;
      return { isWriting, waiting, bytes, mostBytes, ...counts };
    },
    async close(ms) {
      const lost = await queue.close(ms);
      if (lost > 0) logger.error({ lost }, 'closing with records that the database did not take');
    },
  };
}

function createQueue({ store, clock, logger, mostBytes }: WriteBehindOptions): WriteQueue<Entry> {
  const queue = new WriteQueue<Entry>({
    clock,
    mostBytes,
    write: (batch) => {
      const rows = batch.map((entry) => entry.rows);
      return store.transaction((transaction) => writeRows(transaction, rows));
    },
    changed(problem) {
      if (problem === null) logger.info({}, 'the ledger is written again');
      else
        logger.error(
          { err: problem, waiting: queue.length },
          'the ledger is not written: it holds what comes',
        );
    },
  });
  return queue;
}

/** Characters, which are bytes for all but exotic texts. */
function sizeOf({ verdicts, attempts }: WritableRows): number {
  const sum = (texts: readonly string[]): number => texts.reduce((total, text) => total + text.length, 0);
  return sum(verdicts) + sum(attempts);
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}

/** Resolves when every one has settled; rejects with the first error then. */
function settledAll<T>(
  items: readonly T[],
  begin: (item: T, settled: (error?: unknown) => void) => void,
): Promise<void> {
  if (items.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let open = items.length;
    let failure: unknown;
    const settled = (error?: unknown): void => {
      failure ??= error;
      open -= 1;
      if (open > 0) return;
      if (failure === undefined) resolve();
      else reject(failure);
    };
    for (const item of items) begin(item, settled);
  });
}
