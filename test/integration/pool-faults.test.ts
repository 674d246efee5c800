import { describe, expect, it } from 'vitest';
import { createReplicaPool, type ReplicaPool } from '../../src/pool/replica-pool.ts';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { createEngineResilience } from '../../src/resilience/engine-resilience.ts';
import { DEFAULT_RESILIENCE, type ResilienceSettings } from '../../src/resilience/settings.ts';
import { createSystemClock, createSystemRandom } from '../../src/telemetry/system-clock.ts';
import { openCall } from '../fakes/engine.ts';
import { PROBE } from '../fakes/scripted-vllm.ts';
import { type SimulatedReplica, startSimulatedReplica } from '../fakes/simulated-replica.ts';

interface Fleet extends AsyncDisposable {
  readonly pool: ReplicaPool;
  readonly simulated: readonly SimulatedReplica[];
}

const FAST: ResilienceSettings = {
  ...DEFAULT_RESILIENCE,
  breaker: { ...DEFAULT_RESILIENCE.breaker, openMs: 50 },
};

/** A pool of real sockets in front of simulated engines, all ready. */
async function fleet(size: number, settings = FAST): Promise<Fleet> {
  const simulated = await Promise.all(Array.from({ length: size }, () => startSimulatedReplica(PROBE)));
  const clock = createSystemClock();
  const random = createSystemRandom();
  const pool = createReplicaPool({
    id: 'small',
    model: 'judge',
    precision: null,
    replicas: simulated.map(({ replica }) => replica),
    price: { by: 'token', inputPerMtokUsd: 1, cachedInputPerMtokUsd: 1, outputPerMtokUsd: 1 },
    warmUpTimeoutMs: 300,
    resilience: createEngineResilience(settings, { clock, random }),
    clock,
    random,
    calls: createCallStarter(clock),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined, flush: () => undefined },
  });
  await until(() => pool.replicas().every(({ ready }) => ready));
  return {
    pool,
    simulated,
    async [Symbol.asyncDispose]() {
      await pool.close();
      await Promise.all(simulated.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

interface Run {
  readonly labels: number;
  readonly attempts: number;
  readonly codes: readonly string[];
}

/** Judges `items` items, 16 at a time; `at` is called before the item of that number. */
async function judge(
  pool: ReplicaPool,
  items: number,
  at: Record<number, () => Promise<void>> = {},
): Promise<Run> {
  let next = 0;
  let labels = 0;
  let attempts = 0;
  const codes: string[] = [];
  const worker = async (): Promise<void> => {
    while (next < items) {
      const number = next++;
      await at[number]?.();
      const messages = [{ role: 'user', content: `Which is better? ${number}` }];
      const { result, report } = await pool.distribution({ messages, labels: PROBE.id }, openCall());
      attempts += report.attempts;
      if (result.ok) labels += 1;
      else codes.push(result.failure.code);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return { labels, attempts, codes };
}

describe('a pool of three replicas', () => {
  it('gives every item its label when one is killed in the middle, with few retries', async () => {
    await using three = await fleet(3);
    const run = await judge(three.pool, 1_000, { 400: () => three.simulated[0]!.fault({ gone: true }) });
    expect(run.labels + run.codes.length).toBe(1_000);
    expect(run.labels).toBeGreaterThanOrEqual(999);
    expect(run.attempts).toBeLessThanOrEqual(1_200);
    expect(three.pool.replicas().map(({ ready }) => ready)).toEqual([false, true, true]);
    await three.simulated[0]!.fault({ reset: true });
    await until(() => three.pool.replicas().every(({ ready }) => ready));
    expect(await judge(three.pool, 200)).toEqual({ labels: 200, attempts: 200, codes: [] });
  });

  it('takes out a stuck replica, whose health says 200, and asks the others', async () => {
    await using three = await fleet(3, { ...FAST, stuckAfterMs: 200 });
    const run = await judge(three.pool, 600, { 200: () => three.simulated[1]!.fault({ hang: true }) });
    expect(run).toMatchObject({ labels: 600, codes: [] });
    expect(run.attempts).toBeLessThanOrEqual(720);
    expect(three.pool.replicas()[1]).toMatchObject({ ready: false });
  });

  it.each([
    ['computes NaN', { nan: true }],
    ['drains while its health says 200', { shuttingDown: true }],
    ['lost its engine process', { engineDead: true }],
  ])('takes out a replica that %s', async (_, fault) => {
    await using three = await fleet(3);
    const run = await judge(three.pool, 400, { 100: () => three.simulated[2]!.fault(fault) });
    expect(run).toMatchObject({ labels: 400, codes: [] });
    expect(three.pool.replicas()[2]).toMatchObject({ ready: false });
  });

  it('does not take a storm of 503 for death', async () => {
    await using three = await fleet(3);
    await three.simulated[0]!.fault({ overloaded: true });
    const run = await judge(three.pool, 400);
    expect(run).toMatchObject({ labels: 400, codes: [] });
    expect(three.pool.replicas().every(({ ready }) => ready)).toBe(true);
    await three.simulated[0]!.fault({ reset: true });
    expect(await judge(three.pool, 100)).toMatchObject({ labels: 100, codes: [] });
  });
});

describe('a pool that fails altogether', () => {
  it('fails fast with an open breaker, lets one probe through, and comes back', async () => {
    await using one = await fleet(1);
    await one.simulated[0]!.fault({ failNext: { count: 100_000, status: 500 } });
    const broken = await judge(one.pool, 60);
    expect(broken.labels).toBe(0);
    expect(broken.attempts).toBeLessThanOrEqual(60);
    expect(broken.codes).toContain('engine_unavailable');
    await one.simulated[0]!.fault({ reset: true });
    let back = await judge(one.pool, 1);
    while (back.labels === 0) back = await judge(one.pool, 1);
    expect(await judge(one.pool, 100)).toEqual({ labels: 100, attempts: 100, codes: [] });
  });
});
