import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { Config } from './config/schema.ts';
import type { BackgroundService } from './contracts/background.ts';
import { createBackgroundService } from './jobs/background/service.ts';
import type { JobWorker } from './jobs/worker.ts';
import { createBackgroundStore } from './ledger/background/background-store.ts';

export interface BackgroundOptions {
  readonly config: Config;
  readonly storage: OpenStorage;
  readonly parts: Parts;
  readonly worker: Pick<JobWorker, 'wake' | 'refresh'>;
}

/** Responses in the background of one gateway; they are worked on as jobs, by their worker. */
export function createBackground({ config, storage, parts, worker }: BackgroundOptions): BackgroundService {
  const store = createBackgroundStore(storage.store);
  return createBackgroundService({ ...parts, store, settings: config.jobs, worker });
}
