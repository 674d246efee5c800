import { createBackground } from './compose-background.ts';
import { createBatches } from './compose-batches.ts';
import type { OpenStorage } from './compose-ledger.ts';
import type { Parts } from './compose-parts.ts';
import type { GatewayState } from './compose-state.ts';
import type { Config } from './config/schema.ts';
import type { GatewayDeps } from './http/deps.ts';
import { createJobService } from './jobs/service.ts';
import { createDispatcher } from './jobs/webhooks/dispatcher.ts';
import { createSender } from './jobs/webhooks/sender.ts';
import { createJobWorker } from './jobs/worker.ts';
import { createFigureWatch } from './jobs/figure-watch.ts';
import { createJobFigureReader } from './ledger/jobs/figures.ts';
import { countedJobStore, readJobs } from './telemetry/job-meter.ts';
import { createJobStore } from './ledger/jobs/job-store.ts';

/** Durable jobs of one gateway: taken in and shown by the service, worked on from `start` to `close`. */
export interface Jobs {
  readonly surfaces: JobSurfaces;
  /** To be awaited before bodies may come in. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Each is null where nothing is kept. */
export type JobSurfaces = Pick<GatewayDeps, 'jobs' | 'stored' | 'background'>;

export interface JobsOptions {
  readonly config: Config;
  readonly storage: OpenStorage | null;
  readonly parts: Parts;
  /** Policies and endpoints as they are now. */
  readonly current: () => GatewayState;
}

export function createJobs({ config, storage, parts, current }: JobsOptions): Jobs {
  if (storage === null) {
    return {
      surfaces: { jobs: null, stored: null, background: null },
      start: async () => undefined,
      close: async () => undefined,
    };
  }
  const { telemetry } = parts;
  const plain = createJobStore(storage.store);
  const store = telemetry === undefined ? plain : countedJobStore(plain, telemetry.meter);
  const figures = createFigureWatch(createJobFigureReader(storage.store), parts.clock);
  if (telemetry !== undefined) readJobs(telemetry.meter, () => figures.figures());
  const settings = { ...config.jobs, drainMs: config.server.drainMs };
  const common = { ...parts, store, settings };
  const webhooks = (): Config['webhooks'] => current().loaded.config.webhooks;
  const worker = createJobWorker({
    ...common,
    feedback: () => current().unrecorded,
    relay: () => current().relay,
    isAlone: storage.store.isEmbedded,
  });
  const batches = createBatches({ config, storage, parts, current, worker });
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
    surfaces: {
      jobs: createJobService({ ...common, endpoints, worker }),
      stored: batches.stored,
      background: createBackground({ config, storage, parts, worker }),
    },
    async start() {
      await worker.start();
      dispatcher.start();
      if (telemetry !== undefined) figures.start();
      batches.start();
    },
    async close() {
      await Promise.all([worker.stop(), dispatcher.stop(), batches.close(), figures.stop()]);
    },
  };
}
