import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Call } from '../../contracts/call.ts';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import { abortFailure } from '../openai/transport-failures.ts';
import { statusFailure } from './failures.ts';
import type { ModelInferRequest } from './generated/inference/ModelInferRequest.ts';
import type { ModelStreamInferResponse__Output } from './generated/inference/ModelStreamInferResponse.ts';
import { closedFailure, type Kserve } from './kserve.ts';
import { ReplyTensors } from './reply-tensors.ts';

/** Takes the replies to one request, then exactly one end or failure, unless it is abandoned. */
export interface InferenceSink {
  /** A reply with tensors. */
  onReply(reply: ReplyTensors): void;
  /** There will be no other reply; whether the answer is whole is for the sink to know. */
  onEnd(): void;
  onFailure(failure: EngineFailure): void;
}

export interface RunningInference {
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: tells the server, and the sink nothing more. */
  abandon(): void;
}

/**
 * Runs one request on a stream of its own. The stream is half-closed right after the write, because an open
 * one keeps a server from shutting down and hides the end of an answer; and it carries nothing else, because
 * cancelling a stream cancels everything on it.
 */
export function startInference(
  kserve: Kserve,
  request: ModelInferRequest,
  call: Call,
  sink: InferenceSink,
): RunningInference {
  if (kserve.isClosed() || call.signal.aborted) {
    sink.onFailure(kserve.isClosed() ? closedFailure(false) : abortFailure(call.signal, false));
    return NOTHING_RUNS;
  }
  return new InferenceStream(kserve, request, call, sink);
}

const NOTHING_RUNS: RunningInference = {
  pause: () => undefined,
  resume: () => undefined,
  abandon: () => undefined,
};

/** All replies to a request that has few. */
export function inferWhole(
  kserve: Kserve,
  request: ModelInferRequest,
  call: Call,
): Promise<EngineResult<readonly ReplyTensors[]>> {
  return new Promise((resolve) => {
    const replies: ReplyTensors[] = [];
    startInference(kserve, request, call, {
      onReply: (reply) => replies.push(reply),
      onEnd: () => resolve({ ok: true, value: replies }),
      onFailure: (failure) => resolve({ ok: false, failure }),
    });
  });
}

/** After its final reply a stream is given this long to close by itself before it is cancelled. */
const CLOSING_MS = 5_000;

class InferenceStream implements RunningInference {
  readonly #stream: ClientDuplexStream<ModelInferRequest, ModelStreamInferResponse__Output>;
  readonly #sink: InferenceSink;
  readonly #signal: AbortSignal;
  readonly #kserve: Kserve;
  #done = false;
  #stopClosing: (() => void) | null = null;

  constructor(kserve: Kserve, request: ModelInferRequest, call: Call, sink: InferenceSink) {
    this.#kserve = kserve;
    this.#sink = sink;
    this.#signal = call.signal;
    this.#stream = kserve.client.ModelStreamInfer(kserve.metadata(call), kserve.callOptions(call));
    this.#stream.on('data', (reply: ModelStreamInferResponse__Output) => this.#read(reply));
    // An error comes before the `end` of its stream, so an `end` that is first means status OK.
    this.#stream.on('error', (error: ServiceError) => this.#fail(statusFailure(error.code, error.details)));
    this.#stream.on('end', () => this.#end());
    this.#stream.on('status', () => this.#stopClosing?.());
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    kserve.running.add(this.#onClose);
    this.#stream.write(request);
    this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  abandon(): void {
    if (this.#finish()) this.#stream.cancel();
  }

  readonly #onAbort = (): void => this.#cancel(abortFailure(this.#signal, true));

  readonly #onClose = (): void => this.#cancel(closedFailure(true));

  #cancel(failure: EngineFailure): void {
    if (!this.#finish()) return;
    this.#stream.cancel();
    this.#sink.onFailure(failure);
  }

  #read({ error_message: error, infer_response: response }: ModelStreamInferResponse__Output): void {
    if (this.#done) return;
    if (error !== undefined && error !== '') {
      this.#expectClose();
      this.#fail(statusFailure(null, error));
      return;
    }
    if (response === undefined) return;
    const reply = new ReplyTensors(response);
    if (reply.hasAny) this.#sink.onReply(reply);
    if (!reply.isFinal || this.#done) return;
    this.#expectClose();
    this.#end();
  }

  #expectClose(): void {
    this.#stopClosing = this.#kserve.clock.after(CLOSING_MS, () => this.#stream.cancel());
  }

  #end(): void {
    if (this.#finish()) this.#sink.onEnd();
  }

  #fail(failure: EngineFailure): void {
    if (this.#finish()) this.#sink.onFailure(failure);
  }

  /** False when it had finished before. */
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#kserve.running.delete(this.#onClose);
    // A paused stream would never come to its own end.
    this.#stream.resume();
    return true;
  }
}
