/**
 * Traces by W3C Trace Context. A `Trace` travels with the call: whoever does a piece of work for it makes a
 * child, and whoever calls an engine passes `headers` on. Where nothing is recorded, the caller's own context
 * is passed through and nothing else happens.
 */
export interface Trace {
  /** `traceparent`, and `tracestate` where there is one: for whoever is called next. */
  readonly headers: Readonly<Record<string, string>>;
  /** For log lines; null when nothing is recorded. */
  readonly traceId: string | null;
  /** A piece of work within this one, from now until its `end`. */
  child(name: string, attributes: Attributes): Trace;
  /** Once. `error` is a code of the error table; null when all went well. */
  end(attributes: Attributes, error: string | null): void;
}

/** Names of OpenTelemetry's semantic conventions where there are some, `assay.*` otherwise; never a prompt. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Tracing {
  /** The trace of a request with these headers; undefined when there is nothing to record or to pass on. */
  begin(headers: Readonly<Record<string, string | string[] | undefined>>, route: string): Trace | undefined;
}
