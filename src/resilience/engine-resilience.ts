import type { Clock, Random } from '../contracts/clock.ts';
import type { EngineResilience } from '../contracts/resilience.ts';
import { createAttemptRunner } from './attempt-runner.ts';
import { createReplicaGuard } from './guard.ts';
import type { ResilienceSettings } from './settings.ts';
import { createTypicalTimes } from './typical-times.ts';
import { createWatchdog } from './watchdog.ts';

/**
 * What keeps one engine's calls alive when its replicas are not: a runner of attempts (quarantine, retry
 * budget, hedging), a guard per replica (breaker, adaptive limit) and a watchdog per replica. This room
 * decides whether and when to ask again; which replica is asked is the pool's, what an engine's reply
 * means is told by the engine, and what both mean together is said once, in `outcome-class.ts`.
 */
export function createEngineResilience(
  settings: ResilienceSettings,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): EngineResilience {
  return {
    runner: createAttemptRunner(settings, clock, random),
    createGuard: () => createReplicaGuard(settings, clock),
    createWatchdog: (onStuck) => createWatchdog(settings.stuckAfterMs, clock, onStuck),
    typicalTimes: createTypicalTimes(clock),
  };
}
