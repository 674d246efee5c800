import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { GatewayState } from './compose-state.ts';
import type { Config } from './config/schema.ts';
import type { StoredBatches } from './http/deps.ts';
import { createLineReader } from './http/openai-batches/line-reader.ts';
import { FileReader } from './jobs/batches/file-reader.ts';
import { createBatchService } from './jobs/batches/service.ts';
import type { JobWorker } from './jobs/worker.ts';
import { createBatchStore } from './ledger/batches/batch-store.ts';
import { createFileStore } from './ledger/files/file-store.ts';
import { createReception } from './ledger/jobs/reception.ts';

/** OpenAI files and batches of one gateway; batches are worked on as jobs, by their worker. */
export interface Batches {
  readonly stored: StoredBatches;
  start(): void;
  close(): Promise<void>;
}

export interface BatchesOptions {
  readonly config: Config;
  readonly storage: OpenStorage;
  readonly parts: Parts;
  readonly current: () => GatewayState;
  readonly worker: Pick<JobWorker, 'wake' | 'refresh'>;
}

export function createBatches({ config, storage, parts, current, worker }: BatchesOptions): Batches {
  const { store } = storage;
  const files = createFileStore(store);
  const batches = createBatchStore(store);
  const reader = new FileReader({
    ...parts,
    ...config.jobs,
    batches,
    files,
    reception: createReception(store),
    readLines: createLineReader(config.server.bodyLimitBytes),
    wakeWorker: () => worker.wake(),
  });
  const service = createBatchService({
    store: batches,
    files,
    relay: () => current().relay,
    random: parts.random,
    wakeReader: () => reader.wake(),
    refreshWorker: () => worker.refresh(),
  });
  return {
    stored: { files, batches: service },
    start: () => reader.start(),
    close: () => reader.stop(),
  };
}
