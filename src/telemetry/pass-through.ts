import type { Trace, Tracing } from '../contracts/tracing.ts';

/** W3C Trace Context, version 00 and later ones that begin alike. */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const LONGEST_STATE = 512;

type Headers = Parameters<Tracing['begin']>[0];

/** Records nothing: engines get the context that the caller sent, when it is a well-formed one. */
export function createPassThrough(): Tracing {
  return { begin: (headers) => passedThrough(headers) };
}

export function passedThrough(headers: Headers): Trace | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const hasState =
    typeof tracestate === 'string' && tracestate.length <= LONGEST_STATE && isPlain(tracestate);
  const trace: Trace = {
    headers: hasState ? { traceparent, tracestate } : { traceparent },
    traceId: null,
    child: () => trace,
    end: () => undefined,
  };
  return trace;
}

/** Printable ASCII, as header values of engines must be. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
