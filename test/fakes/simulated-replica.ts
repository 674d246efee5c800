import type { LabelProbe, Replica } from '../../src/contracts/engine.ts';
import type { SimulatorOptions } from '../../src/contracts/simulator.ts';
import { createOpenAiReplica } from '../../src/engines/openai/replica.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';

export interface SimulatedReplica extends AsyncDisposable {
  readonly url: string;
  readonly replica: Replica;
  /** Sets fault switches of the simulated engine. */
  fault(change: Readonly<Record<string, unknown>>): Promise<void>;
  /** Resolves when the simulated engine has no call in its hands. */
  idle(): Promise<void>;
}

/** A simulated engine (vLLM by default), fast, and a replica in front of it. */
export async function startSimulatedReplica(
  probe: LabelProbe,
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedReplica> {
  const simulator = await startSimulator({
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    model: 'judge',
    apiKey: undefined,
    maxModelTokens: 2048,
    labelIds: true,
    judge: { seed: 's', sharpness: 2, noise: 0.5, positionBias: 0, labelMass: 0.95, preferences: [] },
    clock: {
      firstTokenMs: 0,
      prefillMsPer1000Tokens: 0,
      interTokenMs: 1,
      maxRunning: 16,
      maxQueued: undefined,
      logprobsWarmUpMs: 0,
    },
    replay: undefined,
    ...options,
  });
  const { url } = simulator;
  const replica = createOpenAiReplica({
    url,
    model: 'judge',
    flavour: options.flavour ?? 'vllm',
    labelProbes: [probe],
    limits: { connections: 16, replyBytes: 10_000_000, connectTimeoutMs: 5_000 },
    clock: createSystemClock(),
  });
  return {
    url,
    replica,
    async fault(change) {
      const reply = await fetch(`${url}/simulator/faults`, { method: 'POST', body: JSON.stringify(change) });
      if (!reply.ok) throw new Error(await reply.text());
    },
    idle: () => untilIdle(url),
    async [Symbol.asyncDispose]() {
      await replica.close();
      await simulator.close();
    },
  };
}

/** Asks again and again, because an abort reaches the other side of a socket a little later. */
async function untilIdle(url: string): Promise<void> {
  for (let asked = 0; asked < 2_000; asked += 1) {
    const reply = await fetch(`${url}/simulator/state`);
    // The simulator's own admin call; a wrong shape never becomes idle, and the test fails.
    const state = (await reply.json()) as { in_flight: number };
    if (state.in_flight === 0) return;
  }
  throw new Error('the simulated engine still works on a request that was aborted');
}
