import type { CacheUse } from './cache.ts';
import type { Trace } from './tracing.ts';

/**
 * What every call that waits carries. One signal runs from the client's socket to the engine's:
 * it aborts with a `GatewayError` as its reason, `cancelled` when the caller left and
 * `deadline_exceeded` when the time was over.
 */
export interface Call {
  readonly requestId: string;
  readonly team: string;
  /** The policy whose limits it counts against; absent where none is asked. */
  readonly policy?: string | undefined;
  readonly signal: AbortSignal;
  /** Instant on the monotonic clock, in milliseconds, after which nobody wants the answer. */
  readonly deadline: number;
  /** How urgent it is; absent is `interactive`. */
  readonly class?: CallClass;
  /** Whether labels that were bought before may answer it; absent is `normal`. */
  readonly cache?: CacheUse;
  /** It was asked before and failed, or is asked twice: it must share no engine call with others. */
  readonly alone?: boolean;
  /** The trace that it belongs to; absent where there is none. */
  readonly trace?: Trace | undefined;
  /** Told when engine calls for it are out; absent where nobody measures. */
  readonly engineTime?: EngineTime;
}

/** Measures the time in which at least one engine call was out. */
export interface EngineTime {
  /** An engine call went out. */
  began(): void;
  /** It is over; once for each `began`. */
  ended(): void;
}

/** Classes of work, the most urgent first. Engines with a priority queue are told of them. */
export type CallClass = 'interactive' | 'trainer' | 'batch' | 'audit';

/** Starts calls; `http` uses it so that every request has a deadline and one signal. */
export interface CallStarter {
  start(options: {
    readonly requestId: string;
    readonly team: string;
    readonly timeoutMs: number;
    readonly class?: CallClass;
  }): StartedCall;
}

export interface StartedCall {
  readonly call: Call;
  /** The caller left: aborts the signal with `cancelled`. Does nothing after `end`. */
  cancel(): void;
  /** The answer is out: releases the timer. Must be called once, whatever happened. */
  end(): void;
}
