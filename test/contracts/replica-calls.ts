import type { Call } from '../../src/contracts/call.ts';
import type { EngineFailure, GenerationEvent, Replica } from '../../src/contracts/engine.ts';
import { GatewayError } from '../../src/domain/errors.ts';

/** The calls that the contract of replicas makes, and what it takes out of their answers. */
export interface ContractCall extends Call {
  cancel(): void;
  expire(): void;
}

export function call(requestId = 'req_contract'): ContractCall {
  const controller = new AbortController();
  return {
    requestId,
    team: 'team',
    signal: controller.signal,
    deadline: Number.POSITIVE_INFINITY,
    cancel: () => controller.abort(new GatewayError('cancelled', 'the caller went away')),
    expire: () => controller.abort(new GatewayError('deadline_exceeded', 'the time is over')),
  };
}

export function question(content: string): Parameters<Replica['distribution']>[0] {
  return { labels: 'contract@1', messages: [{ role: 'user', content }] };
}

export function chat(fields: Record<string, unknown>): Parameters<Replica['generate']>[0] {
  return {
    kind: 'chat',
    body: { messages: [{ role: 'user', content: 'Say something nice.' }], temperature: 0, ...fields },
  };
}

/** The failure that a generation ended with, at its start or later; null when it ended well. */
export async function endOf(generated: ReturnType<Replica['generate']>): Promise<EngineFailure | null> {
  const generation = await generated;
  if (!generation.ok) return generation.failure;
  for await (const event of generation.value) {
    if (event.type === 'failure') return event.failure;
  }
  return null;
}

export async function take(
  replica: Replica,
  request: Parameters<Replica['generate']>[0],
): Promise<GenerationEvent[]> {
  const result = await replica.generate(request, call());
  if (!result.ok) throw new Error(result.failure.message);
  const events: GenerationEvent[] = [];
  for await (const event of result.value) events.push(event);
  return events;
}

/** Text of the first choice of a completion chunk. */
export function textOf(value: Readonly<Record<string, unknown>>): string {
  return choicesOf(value)
    .map((choice) => String(choice['text'] ?? ''))
    .join('');
}

export function indicesOf(value: Readonly<Record<string, unknown>>): unknown[] {
  return choicesOf(value).map((choice) => choice['index']);
}

function choicesOf({ choices }: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  return Array.isArray(choices) ? choices : [];
}
