import type { Call } from '../../src/contracts/call.ts';
import type { GenerationEvent, Replica } from '../../src/contracts/engine.ts';
import { GatewayError } from '../../src/domain/errors.ts';
import { createOpenAiReplica, type OpenAiReplicaOptions } from '../../src/engines/openai/replica.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { PROBE } from './scripted-vllm.ts';

/** A replica for tests: serves `judge` in vLLM's dialect, with two labels and small limits. */
export function testReplica(
  url: string,
  options: Partial<Omit<OpenAiReplicaOptions, 'limits'>> & {
    limits?: Partial<OpenAiReplicaOptions['limits']>;
  } = {},
): Replica & AsyncDisposable {
  const replica = createOpenAiReplica({
    url,
    model: 'judge',
    flavour: 'vllm',
    labelProbes: [PROBE],
    clock: createSystemClock(),
    ...options,
    limits: { connections: 8, replyBytes: 1_000_000, connectTimeoutMs: 5_000, ...options.limits },
  });
  return { ...replica, [Symbol.asyncDispose]: () => replica.close() };
}

export interface TestCall extends Call {
  /** The caller leaves. */
  cancel(): void;
  /** The time is over. */
  expire(): void;
}

export function testCall(requestId = 'req_test'): TestCall {
  const controller = new AbortController();
  return {
    requestId,
    team: 'team',
    signal: controller.signal,
    deadline: Number.POSITIVE_INFINITY,
    cancel: () => controller.abort(new GatewayError('cancelled', 'the caller went away')),
    expire: () => controller.abort(new GatewayError('deadline_exceeded', 'no answer within 5 ms')),
  };
}

/** Takes all events of a generation that must have been accepted. */
export async function eventsOf(
  generation: Awaited<ReturnType<Replica['generate']>>,
): Promise<readonly GenerationEvent[]> {
  if (!generation.ok) throw new Error(`not accepted: ${generation.failure.message}`);
  const events: GenerationEvent[] = [];
  for await (const event of generation.value) events.push(event);
  return events;
}

export function chat(
  content: string,
  extra: Record<string, unknown> = {},
): {
  kind: 'chat';
  body: Record<string, unknown>;
} {
  return { kind: 'chat', body: { messages: [{ role: 'user', content }], ...extra } };
}
