import type { Call } from '../../src/contracts/call.ts';
import type {
  DistributionReply,
  DistributionRequest,
  Engine,
  EngineResult,
} from '../../src/contracts/engine.ts';

/** A call that nobody cancels. */
export function openCall(signal: AbortSignal = new AbortController().signal): Call {
  return { requestId: 'req_test', team: 'team', signal, deadline: Number.POSITIVE_INFINITY };
}

/** A distribution reply with these probabilities on the labels shown. */
export function reply(
  first: number,
  second: number,
  tie: number,
  atMost = { first, second, tie },
): EngineResult<DistributionReply> {
  return {
    ok: true,
    value: {
      distribution: {
        labels: {
          first: { probability: first, atMost: atMost.first },
          second: { probability: second, atMost: atMost.second },
          tie: { probability: tie, atMost: atMost.tie },
        },
        mass: first + second + tie,
        route: 'label_ids',
      },
      usage: { inputTokens: 100, cachedInputTokens: 20, outputTokens: 1 },
      fingerprint: 'vllm-test',
    },
  };
}

export function failure(
  code: 'engine_error' | 'deadline_exceeded' | 'context_overflow' | 'cancelled',
): EngineResult<DistributionReply> {
  return { ok: false, failure: { code, message: `failed with ${code}`, sent: true, blamesReplica: false } };
}

/** An engine that answers each question as `answer` says; every call costs 1,000 nano-dollars. */
export function scriptedEngine(
  answer: (
    request: DistributionRequest,
    call: Call,
  ) => EngineResult<DistributionReply> | Promise<EngineResult<DistributionReply>>,
): Engine & { readonly requests: DistributionRequest[] } {
  const requests: DistributionRequest[] = [];
  return {
    id: 'fake',
    model: 'fake-model',
    precision: 'awq',
    requests,
    replicas: () => [],
    async distribution(request, call) {
      requests.push(request);
      const result = await answer(request, call);
      const usage = result.ok
        ? result.value.usage
        : { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };
      return {
        result,
        report: {
          replica: 'http://replica',
          pick: 'only one ready',
          attempts: 1,
          cost: { nanoUsd: 1000, usage, engineSeconds: 0.5 },
          ms: 7,
          queuedMs: 0,
        },
      };
    },
    generate: async () => ({
      ok: false,
      failure: { code: 'engine_error', message: 'not scripted', sent: false, blamesReplica: false },
    }),
    post: async () => ({
      result: {
        ok: false,
        failure: { code: 'engine_error', message: 'not scripted', sent: false, blamesReplica: false },
      },
      report: {
        replica: null,
        pick: null,
        attempts: 0,
        cost: {
          nanoUsd: 0,
          usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
          engineSeconds: 0,
        },
        ms: 0,
        queuedMs: 0,
      },
    }),
    close: async () => undefined,
  };
}
