import type { Random } from '../../src/contracts/clock.ts';
import type {
  EngineFailure,
  EngineResult,
  GenerationEvent,
  Replica,
  ReplicaReport,
} from '../../src/contracts/engine.ts';
import { createReplicaPool, type PoolOptions, type ReplicaPool } from '../../src/pool/replica-pool.ts';
import type { PoolSettings } from '../../src/pool/settings.ts';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { createEngineResilience } from '../../src/resilience/engine-resilience.ts';
import { DEFAULT_RESILIENCE, type ResilienceSettings } from '../../src/resilience/settings.ts';
import { type ManualClock, manualClock } from './clock.ts';
import { reply } from './engine.ts';

const REPORT: ReplicaReport = {
  model: 'm',
  version: '1',
  fingerprint: null,
  maxModelTokens: 100,
  route: 'label_ids',
  labels: {},
  finite: true,
  repeatError: 0,
  reportsCachedTokens: true,
  capabilities: {
    routes: ['label_ids'],
    topLogprobs: 20,
    tokenizer: true,
    promptArrays: true,
    labelBatch: 0,
    structuredOutput: true,
    priority: false,
    cacheSalt: true,
    load: true,
  },
};

/** A warm-up that succeeds. */
export const WARM: EngineResult<ReplicaReport> = { ok: true, value: REPORT };

export function failureOf(code: EngineFailure['code'], rest: Partial<EngineFailure> = {}): EngineFailure {
  return { code, message: `failed with ${code}`, sent: true, blamesReplica: false, ...rest };
}

export const REFUSED = failureOf('engine_unavailable', {
  message: 'connection refused',
  sent: false,
  blamesReplica: true,
});
export const CRASHED = failureOf('engine_error', { message: 'the connection broke', blamesReplica: true });

/** A replica whose warm-ups and calls the test answers. */
export function fakeReplica(url: string) {
  const script = {
    warm: WARM,
    warmUps: 0,
    calls: 0,
    closed: false,
    answer: (_signal: AbortSignal): ReturnType<Replica['distribution']> =>
      Promise.resolve(reply(0.9, 0.1, 0)),
    accept: null as EngineFailure | null,
    events: [] as GenerationEvent[],
  };
  const replica: Replica = {
    url,
    async warmUp() {
      script.warmUps += 1;
      return script.warm;
    },
    distribution(_, call) {
      script.calls += 1;
      return script.answer(call.signal);
    },
    async generate() {
      script.calls += 1;
      const { events, accept } = script;
      if (accept !== null) return { ok: false, failure: accept };
      return {
        ok: true,
        value: (async function* () {
          yield* events;
        })(),
      };
    },
    post: async () => ({ ok: false, failure: REFUSED }),
    async close() {
      script.closed = true;
    },
  };
  return { replica, script };
}

/** Uniform numbers from a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed;
  return {
    id: (prefix) => prefix,
    uniform() {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export interface TestPool {
  readonly pool: ReplicaPool;
  readonly clock: ManualClock;
}

export const TEST_SETTINGS: PoolSettings = {
  slowStartMs: 0,
  outlier: { localFailures: 3, serverErrors: 5, ejectionMs: 30_000, longestMs: 300_000 },
  scrape: { everyMs: 1_000, idleEveryMs: 5_000, timeoutMs: 500 },
};

/** A pool named `small` on a clock in the test's hands. */
export function poolOf(
  replicas: readonly Replica[],
  resilience: Partial<ResilienceSettings> = {},
  options: Partial<PoolOptions> = {},
): TestPool {
  const clock = manualClock();
  const random = seededRandom(1);
  const pool = createReplicaPool({
    id: 'small',
    model: 'm',
    precision: null,
    replicas,
    price: { by: 'token', inputPerMtokUsd: 1, cachedInputPerMtokUsd: 0.5, outputPerMtokUsd: 2 },
    warmUpTimeoutMs: 1000,
    settings: TEST_SETTINGS,
    resilience: createEngineResilience({ ...DEFAULT_RESILIENCE, ...resilience }, { clock, random }),
    random,
    clock,
    calls: createCallStarter(clock),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined, flush: () => undefined },
    ...options,
  });
  return { pool, clock };
}

/** Resilience that never tries again. */
export const NO_RETRIES: Partial<ResilienceSettings> = {
  retry: { ...DEFAULT_RESILIENCE.retry, retries: 0 },
};

/** Lets promises that are already settled run their course. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
