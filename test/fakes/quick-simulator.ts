import type { SimulatorOptions } from '../../src/contracts/simulator.ts';

/** A simulated vLLM that takes no time; `noise` makes it disagree with others of the same pairs. */
export function quickSimulator(model: string, noise: number): SimulatorOptions {
  return {
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    model,
    apiKey: undefined,
    maxModelTokens: 16_384,
    labelIds: true,
    judge: { seed: model, sharpness: 3, noise, positionBias: 0.2, labelMass: 0.99, preferences: [] },
    clock: {
      firstTokenMs: 0,
      prefillMsPer1000Tokens: 0,
      interTokenMs: 0,
      maxRunning: 256,
      maxQueued: undefined,
      logprobsWarmUpMs: 0,
    },
    replay: undefined,
  };
}
