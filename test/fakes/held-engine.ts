import type { Call } from '../../src/contracts/call.ts';
import type {
  DistributionReply,
  DistributionRequest,
  Engine,
  EngineResult,
} from '../../src/contracts/engine.ts';
import type { EngineCapacity } from '../../src/contracts/scheduling.ts';
import type { Usage } from '../../src/domain/cost.ts';

/** A call that an engine has in its hands until the test ends it. */
export interface HeldCall {
  readonly request: DistributionRequest;
  readonly call: Call;
  answer(usage: Usage): void;
  fail(sent: boolean): void;
}

/** An engine that keeps each call, and tells as much capacity as the test says. */
export function heldEngine(id = 'held') {
  const held: HeldCall[] = [];
  const listeners = new Set<() => void>();
  const state = {
    places: 1 as number | null,
    /** As many as `places` while null. */
    working: null as number | null,
    typicalMs: null as number | null,
    onStart: (_request: DistributionRequest, _call: Call): void => undefined,
    closed: false,
  };
  const engine: Engine = {
    id,
    model: 'm',
    precision: null,
    replicas: () => [],
    distribution(request, call) {
      state.onStart(request, call);
      return new Promise((resolve) => {
        const end = (result: EngineResult<DistributionReply>): void => {
          held.splice(held.indexOf(entry), 1);
          resolve({ result, report: REPORT });
        };
        const entry: HeldCall = {
          request,
          call,
          answer: (usage) => end({ ok: true, value: { distribution: NOTHING, usage, fingerprint: null } }),
          fail: (sent) =>
            end({
              ok: false,
              failure: { code: 'engine_error', message: 'failed', sent, blamesReplica: false },
            }),
        };
        held.push(entry);
      });
    },
    generate: async () => {
      throw new Error('not here');
    },
    post: async () => {
      throw new Error('not here');
    },
    async close() {
      state.closed = true;
    },
  };
  const capacity: EngineCapacity = {
    current: () => state.places,
    working: () => state.working ?? state.places,
    typicalMs: () => state.typicalMs,
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    engine,
    capacity,
    held,
    state,
    setPlaces(places: number | null): void {
      state.places = places;
      for (const listener of listeners) listener();
    },
  };
}

const REPORT = {
  replica: 'held/0',
  pick: 'only one ready',
  attempts: 1,
  cost: {
    nanoUsd: 0,
    usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
    engineSeconds: 0,
  },
  ms: 1,
  queuedMs: 0,
};

const NOTHING: DistributionReply['distribution'] = { labels: {}, mass: 1, route: 'label_ids' };

/** Lets everything that was resolved run on. */
export async function turn(): Promise<void> {
  for (let round = 0; round < 12; round += 1) await Promise.resolve();
}

/** A prompt of so many tokens, as the queue estimates them: four characters each, and one for the answer. */
export function promptOf(tokens: number, affinity?: string): DistributionRequest {
  const messages = [{ role: 'user' as const, content: 'x'.repeat(4 * (tokens - 1)) }];
  return { messages, labels: 'l', ...(affinity === undefined ? {} : { affinity }) };
}
