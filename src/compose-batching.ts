import { createFairQueue, type FairQueue } from './batching/fair-queue.ts';
import type { QueueSettings } from './batching/settings.ts';
import type { EngineConfig } from './config/schema.ts';
import type { Clock } from './contracts/clock.ts';
import type { ReplicaPool } from './pool/replica-pool.ts';
import type { TeamDirectory } from './tenancy/directory.ts';

/** What stands before the pool of an engine: its fair queue. */
export function createQueue(
  pool: ReplicaPool,
  engine: EngineConfig,
  { teams, clock }: { readonly teams: Shares; readonly clock: Clock },
): FairQueue {
  return createFairQueue({
    engine: pool,
    capacity: pool.capacity,
    settings: queueSettings(engine, teams),
    clock,
  });
}

/** Looked up at each turn: teams may come and change at any time. */
export type Shares = Pick<TeamDirectory, 'find'>;

export function queueSettings({ queue }: EngineConfig, teams: Shares): QueueSettings {
  return { ...queue, shareOf: (team) => teams.find(team)?.settings.share ?? 1 };
}
