import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { GatewayState } from './compose-state.ts';
import type { Config } from './config/schema.ts';
import type { JobService } from './contracts/jobs.ts';
import { createJobService } from './jobs/service.ts';
import { createDispatcher } from './jobs/webhooks/dispatcher.ts';
import { createSender } from './jobs/webhooks/sender.ts';
import { createJobWorker } from './jobs/worker.ts';
import { createJobStore } from './ledger/jobs/job-store.ts';

/** Durable jobs of one gateway: taken in and shown by the service, worked on from `start` to `close`. */
export interface Jobs {
  /** Null where nothing is kept. */
  readonly service: JobService | null;
  /** To be awaited before bodies may come in. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface JobsOptions {
  readonly config: Config;
  readonly storage: OpenStorage | null;
  readonly parts: Parts;
  /** Policies and endpoints as they are now. */
  readonly current: () => GatewayState;
}

export function createJobs({ config, storage, parts, current }: JobsOptions): Jobs {
  if (storage === null) return { service: null, start: async () => undefined, close: async () => undefined };
  const store = createJobStore(storage.store);
  const settings = { ...config.jobs, drainMs: config.server.drainMs };
  const common = { ...parts, store, settings };
  const webhooks = (): Config['webhooks'] => current().loaded.config.webhooks;
  const worker = createJobWorker({
    ...common,
    feedback: () => current().unrecorded,
    isAlone: storage.store.isEmbedded,
  });
  const dispatcher = createDispatcher({
    ...common,
    sender: createSender(parts.clock),
    endpoint: (name) => webhooks()[name],
  });
  const endpoints = {
    has(team: string, name: string): boolean {
      const endpoint = webhooks()[name];
      return endpoint !== undefined && (endpoint.team === undefined || endpoint.team === team);
    },
  };
  return {
    service: createJobService({ ...common, endpoints, worker }),
    async start() {
      await worker.start();
      dispatcher.start();
    },
    async close() {
      await Promise.all([worker.stop(), dispatcher.stop()]);
    },
  };
}
