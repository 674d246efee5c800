import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../contracts/clock.ts';
import type { Call, CallClass, CallStarter, StartedCall } from '../contracts/call.ts';
import type { Trace } from '../contracts/tracing.ts';
import type { Principal } from '../contracts/authenticator.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { EngineStopwatch } from './engine-time.ts';
import { classOf, PRIORITY_HEADER } from './priority.ts';

/** Time for an ordinary body, in milliseconds. */
const BODY_MS = 30_000;

/**
 * One request and its answer: the id, what the access log will say, and the way to stop the work.
 * Born when the request's head is in, over when the response is closed, however that came about.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Instant on the monotonic clock. */
  readonly startedAt: number;
  /** Pattern of the route for the log, never the path as sent: paths may carry keys. */
  route = 'unmatched';
  principal: Principal | null = null;
  /** Class of its calls when the request names none. */
  preferredClass: CallClass | null = null;
  engine: string | null = null;
  /** Longest time that a call for it waited in the queue of an engine, in milliseconds. */
  queuedMs = 0;
  /** Code of the error that was answered; null when all went well. */
  errorCode: ErrorCode | null = null;
  /** True once the gateway ended the exchange by its own shutdown. */
  isCut = false;
  /** Ends an open event stream with an error event; set while there is one. */
  cutStream: (() => void) | null = null;
  readonly clock: Clock;
  readonly engineTime: EngineStopwatch;
  /** Of a request that may ask engines. */
  trace: Trace | undefined;
  /** Milliseconds that the body may take from the start, see `body-watch.ts`. */
  bodyMs = BODY_MS;
  #call: StartedCall | null = null;
  #onClosing: (() => void) | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, requestId: string, clock: Clock) {
    this.request = request;
    this.response = response;
    this.requestId = requestId;
    this.clock = clock;
    this.startedAt = clock.monotonic();
    this.engineTime = new EngineStopwatch(clock);
  }

  /** Runs `work` under a deadline, in its class, and with a signal that also aborts when the client leaves. */
  async withCall<T>(calls: CallStarter, timeoutMs: number, work: (call: Call) => Promise<T>): Promise<T> {
    const { requestId, principal } = this;
    const of = classOf(this.request.headers[PRIORITY_HEADER], principal, this.preferredClass);
    const started = calls.start({ requestId, team: principal?.team ?? '', timeoutMs, class: of });
    this.#call = started;
    if (this.isCut || this.response.destroyed) started.cancel();
    try {
      return await work({ ...started.call, engineTime: this.engineTime, trace: this.trace });
    } finally {
      this.#call = null;
      started.end();
    }
  }

  /** The body is read as it comes, by one who watches its pace. */
  allowBody(ms: number): void {
    this.bodyMs = ms;
  }

  /** Calls `end` when the gateway begins to close: for answers that else would last as long as they can. */
  atClosing(end: () => void): void {
    this.#onClosing = end;
  }

  /** The gateway begins to close. */
  closing(): void {
    this.#onClosing?.();
  }

  /** The response is closed: when it was not complete, the client left, and the work is stopped at once. */
  leave(): void {
    if (!this.response.writableFinished) this.#call?.cancel();
  }

  /** The gateway shuts down and cannot wait any longer. */
  cut(): void {
    this.isCut = true;
    this.cutStream?.();
    this.#call?.cancel();
  }
}

/** Tells the client how long its call waited for a place at an engine; nothing when it did not. */
export function queuedHeader({ queuedMs }: Exchange): readonly string[] {
  return queuedMs === 0 ? [] : ['x-assay-queued-ms', String(Math.round(queuedMs))];
}

const CLIENT_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's own request id when it is a harmless one, else a new one. */
export function requestIdOf(request: IncomingMessage, create: () => string): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && CLIENT_REQUEST_ID.test(sent) ? sent : create();
}
