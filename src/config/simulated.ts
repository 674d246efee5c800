import type { PlantedPreference, SimulatorOptions } from '../contracts/simulator.ts';

/**
 * The configuration behind `assay demo` and `--simulated`: a small, cheap, biased judge and a large, slow,
 * steady one, both simulated. Prices are in the proportion of an 8B and a 70B model; they buy nothing.
 */
export function simulatedEngines(preferences: readonly PlantedPreference[]): {
  readonly small: SimulatorOptions;
  readonly large: SimulatorOptions;
} {
  const common = {
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    apiKey: undefined,
    maxModelTokens: 16_384,
    labelIds: true,
    replay: undefined,
  } as const;
  return {
    small: {
      ...common,
      model: 'simulated-small',
      judge: { seed: 'small', sharpness: 1.6, noise: 1.5, positionBias: 0.7, labelMass: 0.98, preferences },
      clock: {
        firstTokenMs: 2,
        prefillMsPer1000Tokens: 1,
        interTokenMs: 1,
        maxRunning: 64,
        maxQueued: undefined,
        logprobsWarmUpMs: 50,
      },
    },
    large: {
      ...common,
      model: 'simulated-large',
      judge: { seed: 'large', sharpness: 3, noise: 0.6, positionBias: 0.2, labelMass: 0.995, preferences },
      clock: {
        firstTokenMs: 8,
        prefillMsPer1000Tokens: 6,
        interTokenMs: 4,
        maxRunning: 32,
        maxQueued: undefined,
        logprobsWarmUpMs: 100,
      },
    },
  };
}

/** Configuration data (still to be checked by the schema) for two simulated engines at these addresses. */
export function simulatedConfig(urls: { readonly small: string; readonly large: string }): unknown {
  const engine = (url: string, model: string, input: number, output: number) => ({
    kind: 'openai',
    flavour: 'vllm',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: input, cachedInputPerMtokUsd: input / 4, outputPerMtokUsd: output },
  });
  return {
    log: { requests: 'all' },
    storage: { kind: 'none' },
    engines: {
      'simulated-small': engine(urls.small, 'simulated-small', 0.05, 0.1),
      'simulated-large': engine(urls.large, 'simulated-large', 0.6, 1.2),
    },
    judges: {
      small: { engine: 'simulated-small' },
      large: { engine: 'simulated-large' },
    },
    policies: {
      default: { tiers: ['small', 'large'], acceptAt: 0.9 },
      'always-small': { tiers: ['small'] },
      'always-large': { tiers: ['large'] },
    },
  };
}
