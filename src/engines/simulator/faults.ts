import { z } from 'zod';

/** What can be made to go wrong, with `POST /simulator/faults`. Switches stay until changed or `reset`. */
const milliseconds = z.number().min(0).max(600_000);
const events = z.int().min(0).max(1_000_000).nullable();

const switches = z.strictObject({
  /** Model calls are accepted and never answered; /health stays 200, the metrics freeze. */
  hang: z.boolean(),
  /** The model computes NaN. */
  nan: z.boolean(),
  /** Streams break after this many events. */
  cutStreamAfterEvents: events,
  /** How they break: the connection is reset, or the body ends without `[DONE]`. */
  cutStreamMode: z.enum(['reset', 'end']),
  /** Streams say after this many events that the engine died, and end with `[DONE]`. */
  errorEventAfterEvents: events,
  /** The next model calls fail. */
  failNext: z
    .strictObject({
      count: z.int().min(0).max(1_000_000),
      status: z.int().min(400).max(599),
      body: z.json().optional(),
    })
    .nullable(),
  /** The engine's process died: calls in flight and new ones fail with 500, /health with 503. */
  engineDead: z.boolean(),
  /** The whole server is gone: every connection but the one of an admin call is reset. */
  gone: z.boolean(),
  /** The server drains: new model calls fail with 500 while /health is 200 and calls in flight finish. */
  shuttingDown: z.boolean(),
  /** New model calls are answered 503. */
  overloaded: z.boolean(),
  /** Added to the time to the first token. */
  slowFirstTokenMs: milliseconds,
  /** Replies and streams say nothing of usage. */
  dropUsage: z.boolean(),
  /** Answers are no JSON. */
  garbageReply: z.boolean(),
  /** From now on for this long everything is answered 503, as while a model is loaded. */
  notReadyMs: milliseconds,
});

export type Faults = z.output<typeof switches>;

const NO_FAULTS: Faults = {
  hang: false,
  nan: false,
  cutStreamAfterEvents: null,
  cutStreamMode: 'reset',
  errorEventAfterEvents: null,
  failNext: null,
  engineDead: false,
  gone: false,
  shuttingDown: false,
  overloaded: false,
  slowFirstTokenMs: 0,
  dropUsage: false,
  garbageReply: false,
  notReadyMs: 0,
};

/** The body of the admin call: any switches; `reset` clears all first; `resetIdleConnections` acts once. */
export const faultChange = switches
  .partial()
  .extend({ reset: z.boolean().default(false), resetIdleConnections: z.boolean().default(false) })
  .transform(({ reset, resetIdleConnections, ...changed }) => ({
    reset,
    resetIdleConnections,
    switches: changed,
  }));
type FaultChange = Pick<z.output<typeof faultChange>, 'reset' | 'switches'>;

/** The switches as they stand. */
export class FaultBoard {
  #faults: Faults = NO_FAULTS;
  #readyAt = 0;

  get current(): Faults {
    return this.#faults;
  }

  change({ reset, switches: changed }: FaultChange): void {
    this.#faults = switches.parse({ ...(reset ? NO_FAULTS : this.#faults), ...changed });
    if (reset) this.#readyAt = 0;
    if (changed.notReadyMs !== undefined) this.#readyAt = performance.now() + changed.notReadyMs;
  }

  get isReady(): boolean {
    return this.#readyAt === 0 || performance.now() >= this.#readyAt;
  }

  /** The failure of `failNext` that this call takes; null when there is none left. */
  takeFailure(): { readonly status: number; readonly body: unknown } | null {
    const failing = this.#faults.failNext;
    if (failing === null || failing.count === 0) return null;
    this.#faults = { ...this.#faults, failNext: { ...failing, count: failing.count - 1 } };
    const { status, body } = failing;
    const message = `simulated failure with HTTP ${status}`;
    return {
      status,
      body: body ?? { error: { message, type: 'InternalServerError', param: null, code: status } },
    };
  }
}
