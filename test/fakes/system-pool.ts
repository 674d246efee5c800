import type { Replica } from '../../src/contracts/engine.ts';
import type { ReplicaPool } from '../../src/pool/replica-pool.ts';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { createEngineResilience } from '../../src/resilience/engine-resilience.ts';
import { DEFAULT_RESILIENCE, type ResilienceSettings } from '../../src/resilience/settings.ts';
import { createSystemClock, createSystemRandom } from '../../src/telemetry/system-clock.ts';
import { poolOf, settle } from './pool.ts';

/** A pool on the machine's own clock, for replicas behind sockets; resolves when all are warm. */
export async function startPool(
  replicas: readonly Replica[],
  resilience: Partial<ResilienceSettings> = {},
): Promise<ReplicaPool & AsyncDisposable> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const { pool } = poolOf(
    replicas,
    {},
    {
      clock,
      random,
      warmUpTimeoutMs: 10_000,
      resilience: createEngineResilience({ ...DEFAULT_RESILIENCE, ...resilience }, { clock, random }),
      calls: createCallStarter(clock),
    },
  );
  const reasons = (): (string | null)[] => pool.replicas().map(({ reason }) => reason);
  while (reasons().includes('warming up')) await settle();
  const reason = reasons().find((each) => each !== null);
  if (reason !== undefined) {
    await pool.close();
    throw new Error(`a replica is not warm: ${reason}`);
  }
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() });
}
