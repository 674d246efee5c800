import { createFairQueue, type FairQueue } from './batching/fair-queue.ts';
import type { QueueSettings } from './batching/settings.ts';
import type { Config, EngineConfig } from './config/schema.ts';
import type { Clock } from './contracts/clock.ts';
import type { ReplicaPool } from './pool/replica-pool.ts';

/** What stands before the pool of an engine: its fair queue. */
export function createQueue(
  pool: ReplicaPool,
  engine: EngineConfig,
  { config, clock }: { readonly config: Config; readonly clock: Clock },
): FairQueue {
  return createFairQueue({
    engine: pool,
    capacity: pool.capacity,
    settings: queueSettings(engine, config),
    clock,
  });
}

export function queueSettings({ queue }: EngineConfig, { teams }: Config): QueueSettings {
  return { ...queue, shareOf: (team) => teams[team]?.share ?? 1 };
}
