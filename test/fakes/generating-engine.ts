import type { Call } from '../../src/contracts/call.ts';
import type {
  CallReport,
  Engine,
  EngineFailure,
  EngineResult,
  GenerationEvent,
  GenerationRequest,
  JsonReply,
  ReplicaState,
} from '../../src/contracts/engine.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';

const USAGE = { inputTokens: 12, cachedInputTokens: 4, outputTokens: 3 };
const REPORT: CallReport = {
  replica: 'http://replica',
  pick: 'only one ready',
  attempts: 1,
  cost: { nanoUsd: 1000, usage: USAGE, engineSeconds: 0.5 },
  ms: 7,
  queuedMs: 0,
};

export interface EngineCall {
  readonly kind: GenerationRequest['kind'] | 'post';
  readonly body: Readonly<Record<string, unknown>>;
  readonly call: Call;
}

/** What a scripted generation does: its events, or why there are none. */
export type Script = (asked: EngineCall) => AsyncIterable<GenerationEvent> | EngineFailure;

export interface ScriptedEngine extends Engine {
  /** All calls so far, in order. */
  readonly asked: EngineCall[];
  /** Makes the only replica ready, or not with a reason. */
  setReady(reason: string | null): void;
}

/** An engine whose generations and embeddings follow a script; it judges nothing. */
export function generatingEngine(
  id: string,
  script: Script,
  embed: (asked: EngineCall) => EngineResult<JsonReply> = () => engineFailure('not_found'),
): ScriptedEngine {
  const asked: EngineCall[] = [];
  let state: ReplicaState = {
    name: 'replica',
    url: 'http://replica',
    ready: true,
    inFlight: 0,
    reason: null,
    report: null,
  };
  return {
    id,
    model: `${id}-model`,
    precision: null,
    asked,
    replicas: () => [state],
    setReady: (reason) => {
      state = { ...state, ready: reason === null, reason };
    },
    async generate({ kind, body }, call) {
      const one = { kind, body, call };
      asked.push(one);
      const answer = script(one);
      if ('code' in answer) return { ok: false, failure: answer };
      return { ok: true, value: { events: answer, report: () => REPORT } };
    },
    async post(_path, body, call) {
      const one = { kind: 'post' as const, body, call };
      asked.push(one);
      return { result: embed(one), report: REPORT };
    },
    distribution: async () => ({ result: engineFailure('internal'), report: REPORT }),
    close: async () => undefined,
  };
}

export function engineFailure(code: ErrorCode, sent = false): { ok: false; failure: EngineFailure } {
  return { ok: false, failure: { code, message: `the engine said ${code}`, sent, blamesReplica: false } };
}

/** The chunks, each as the engine would write it, and the end. */
export async function* events(
  chunks: readonly Readonly<Record<string, unknown>>[],
): AsyncGenerator<GenerationEvent> {
  for (const value of chunks) yield { type: 'chunk', data: JSON.stringify(value), value };
  yield { type: 'end', usage: USAGE };
}

/** The chunks, then a failure in place of the end. */
export async function* brokenEvents(
  chunks: readonly Readonly<Record<string, unknown>>[],
  code: ErrorCode,
): AsyncGenerator<GenerationEvent> {
  for (const value of chunks) yield { type: 'chunk', data: JSON.stringify(value), value };
  yield { type: 'failure', failure: engineFailure(code, true).failure };
}

/** Chunks first, then silence until the call is aborted, which ends as a failure with the abort's code. */
export async function* eventsUntilAborted(
  chunks: readonly Readonly<Record<string, unknown>>[],
  call: Call,
): AsyncGenerator<GenerationEvent> {
  for (const value of chunks) yield { type: 'chunk', data: JSON.stringify(value), value };
  await aborted(call.signal);
  yield { type: 'failure', failure: engineFailure(abortCode(call), true).failure };
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export function abortCode({ signal }: Call): ErrorCode {
  // Calls abort with a GatewayError as their reason.
  return (signal.reason as { code: ErrorCode }).code;
}
