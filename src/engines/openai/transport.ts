import type { Dispatcher } from 'undici';
import type { Clock } from '../../contracts/clock.ts';
import type { EngineFailure } from '../../contracts/engine.ts';
import { readRetryAfter } from './retry-after.ts';
import {
  abortFailure,
  brokenFailure,
  connectFailure,
  refusedFailure,
  tooLargeFailure,
} from './transport-failures.ts';
import { createLanes, type Lane, type LaneOptions, type LaneWaiter, type Lanes } from './lanes.ts';

/**
 * Requests to one replica over undici's `dispatch`: one handler object per request and no streams or
 * promises, because this is the hottest path. Here end: the abort signal in every phase, the bound on a
 * reply's size, and the one retry of a keep-alive race.
 */
export interface Transport {
  /** Sends at once, or in its turn. Everything that happens is told to `reader`. */
  send(request: OutgoingRequest, reader: ReplyReader, signal: AbortSignal): SentRequest;
  close(): Promise<void>;
}

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base address of the replica. */
  readonly path: string;
  /** JSON text; null for GET. */
  readonly body: string | null;
  /** Sent as `x-request-id`: vLLM makes its own ids of it, and they must differ. */
  readonly requestId: string;
  /** Further headers, name and value in turns. */
  readonly traceHeaders?: readonly string[];
}

/** What a call's request carries beside the question. */
export interface RequestTag extends Pick<OutgoingRequest, 'requestId' | 'traceHeaders'> {
  readonly signal: AbortSignal;
}

/** The part of a tag that goes out. */
export function tagOf({ requestId, traceHeaders }: RequestTag): Omit<RequestTag, 'signal'> {
  return traceHeaders === undefined ? { requestId } : { requestId, traceHeaders };
}

/** Reads one reply: a head, data, then exactly one end or failure; a failure may come at any time. */
export interface ReplyReader {
  /** `retryAfterMs` is what a reply other than 200 asks to wait. */
  onHead(status: number, contentType: string, retryAfterMs?: number): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(failure: EngineFailure): void;
}

export interface SentRequest {
  /** Lets the engine wait: it notices when its socket is full. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. The reader hears nothing more; the socket is destroyed. */
  abandon(): void;
}

export interface TransportOptions extends Omit<LaneOptions, 'origin'> {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Longest reply in bytes. */
  readonly replyBytes: number;
  readonly clock: Pick<Clock, 'now'>;
}

export function createTransport(options: TransportOptions): Transport {
  const { origin, pathname } = new URL(options.url);
  const shared: Shared = {
    lanes: createLanes({ ...options, origin }),
    basePath: pathname.replace(/\/+$/, ''),
    headers: headersFor(options.apiKey),
    replyBytes: options.replyBytes,
    clock: options.clock,
  };
  return {
    send(request, reader, signal) {
      const exchange = new Exchange(shared, request, reader, signal);
      exchange.start();
      return exchange;
    },
    close: () => shared.lanes.close(),
  };
}

function headersFor(apiKey: string | undefined): string[] {
  const headers = ['content-type', 'application/json'];
  return apiKey === undefined ? headers : [...headers, 'authorization', `Bearer ${apiKey}`];
}

interface Shared {
  readonly lanes: Lanes;
  readonly basePath: string;
  readonly headers: readonly string[];
  readonly replyBytes: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** How far a request has come; `ended` is final. */
type Phase = 'queued' | 'connecting' | 'sent' | 'answering' | 'ended';

class Exchange implements SentRequest, LaneWaiter, Dispatcher.DispatchHandler {
  readonly #shared: Shared;
  readonly #request: OutgoingRequest;
  readonly #reader: ReplyReader;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#stop(abortFailure(this.#signal, this.#wasSent));
  #phase: Phase = 'queued';
  #lane: Lane | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #leaveQueue: (() => void) | null = null;
  #reused = false;
  #retried = false;
  #bytes = 0;

  constructor(shared: Shared, request: OutgoingRequest, reader: ReplyReader, signal: AbortSignal) {
    this.#shared = shared;
    this.#request = request;
    this.#reader = reader;
    this.#signal = signal;
  }

  start(): void {
    if (this.#signal.aborted) {
      this.#onAbort();
      return;
    }
    this.#signal.addEventListener('abort', this.#onAbort);
    this.#leaveQueue = this.#shared.lanes.take(this);
  }

  onLane(lane: Lane): void {
    this.#lane = lane;
    this.#dispatch(lane);
  }

  onRefused(reason: 'full' | 'closed'): void {
    this.#fail(refusedFailure(reason));
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abandon(): void {
    this.#stop(null);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#phase = 'sent';
    const lane = this.#lane;
    if (lane === null) return;
    this.#reused = lane.uses > 0;
    lane.uses += 1;
  }

  onResponseStarted(): void {
    if (this.#phase === 'sent') this.#phase = 'answering';
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#phase === 'ended' || status < 200) return;
    const wait =
      status === 200 ? undefined : readRetryAfter(headers['retry-after'], this.#shared.clock.now());
    this.#reader.onHead(status, String(headers['content-type'] ?? ''), wait);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'ended') return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#shared.replyBytes) this.#stop(tooLargeFailure(this.#shared.replyBytes));
    else this.#reader.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#phase === 'ended') return;
    this.#leave();
    this.#freeLane();
    this.#reader.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase === 'ended') return;
    if (this.#isKeepAliveRace(error)) this.#retry();
    else if (this.#phase === 'connecting') this.#fail({ ...connectFailure(error), sent: this.#retried });
    else this.#fail(brokenFailure(error, this.#phase === 'answering'));
  }

  get #wasSent(): boolean {
    return this.#phase === 'sent' || this.#phase === 'answering' || this.#retried;
  }

  #dispatch(lane: Lane): void {
    this.#phase = 'connecting';
    const { method, path, body, requestId, traceHeaders = [] } = this.#request;
    const { basePath, headers } = this.#shared;
    try {
      lane.client.dispatch(
        {
          method,
          path: basePath + path,
          body,
          headers: [...headers, 'x-request-id', requestId, ...traceHeaders],
        },
        this,
      );
    } catch (error) {
      this.#fail(connectFailure(error));
    }
  }

  /** The engine closed an idle connection at the moment when it was used again: it has seen nothing. */
  #isKeepAliveRace(error: Error): boolean {
    if (this.#retried || this.#phase === 'answering') return false;
    const reused = this.#phase === 'sent' ? this.#reused : (this.#lane?.uses ?? 0) > 0;
    return reused && 'code' in error && RACE_CODES.has(String(error.code));
  }

  #retry(): void {
    this.#retried = true;
    this.#phase = 'connecting';
    // undici is still taking the dead socket down; a new request belongs after that.
    queueMicrotask(() => {
      if (this.#phase === 'connecting' && this.#lane !== null) this.#dispatch(this.#lane);
    });
  }

  /** Ends from this side: tells the reader why, unless it was the one who left. */
  #stop(failure: EngineFailure | null): void {
    const phase = this.#phase;
    if (phase === 'ended') return;
    this.#leave();
    if (phase === 'queued') this.#leaveQueue?.();
    else if (phase === 'connecting') this.#discardLane();
    else {
      // Only destroying the socket tells an engine to stop generating.
      this.#controller?.abort(new Error('the call is over'));
      this.#freeLane();
    }
    if (failure !== null) this.#reader.onFailure(failure);
  }

  #fail(failure: EngineFailure): void {
    this.#leave();
    this.#freeLane();
    this.#reader.onFailure(failure);
  }

  #leave(): void {
    this.#phase = 'ended';
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  #freeLane(): void {
    if (this.#lane !== null) this.#shared.lanes.release(this.#lane);
    this.#lane = null;
  }

  #discardLane(): void {
    if (this.#lane !== null) this.#shared.lanes.discard(this.#lane);
    this.#lane = null;
  }
}

const RACE_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
