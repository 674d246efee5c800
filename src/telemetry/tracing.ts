import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace as api,
  type Tracer,
} from '@opentelemetry/api';
import type { Attributes, Trace, Tracing } from '../contracts/tracing.ts';
import { passedThrough } from './pass-through.ts';

/**
 * Traces through OpenTelemetry's API alone: whoever runs the gateway brings the SDK, the sampler and the
 * exporter (`tracing.module`). Spans are made by hand, with the names of the GenAI conventions; what the
 * sampler leaves out costs one span for the request and nothing below it.
 */
export function createTracing(): Tracing {
  const tracer = api.getTracer('assay');
  return {
    begin(headers, route) {
      const parent = propagation.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const attributes = { 'http.request.method': 'POST', 'http.route': route };
      const span = tracer.startSpan(`POST ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
      if (!span.isRecording()) return passedThrough(headers);
      return new RecordedTrace(tracer, span, parent);
    },
  };
}

class RecordedTrace implements Trace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  #headers: Readonly<Record<string, string>> | null = null;

  constructor(tracer: Tracer, span: Span, parent: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = api.setSpan(parent, span);
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.#headers === null) {
      const carrier: Record<string, string> = {};
      propagation.inject(this.#context, carrier, defaultTextMapSetter);
      this.#headers = carrier;
    }
    return this.#headers;
  }

  child(name: string, attributes: Attributes): Trace {
    // Whoever waits for an engine is its client; other work is inside this process.
    const kind = 'gen_ai.operation.name' in attributes ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = this.#tracer.startSpan(name, { kind, attributes }, this.#context);
    return new RecordedTrace(this.#tracer, span, this.#context);
  }

  end(attributes: Attributes, error: string | null): void {
    this.#span.setAttributes(attributes);
    if (error !== null) {
      this.#span.setAttribute('error.type', error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}
