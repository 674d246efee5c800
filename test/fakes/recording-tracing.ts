import {
  type Attributes,
  type Context,
  propagation,
  type Span,
  type SpanContext,
  type SpanOptions,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';

/** A module for `tracing.module`: the least of an OpenTelemetry SDK, which keeps spans in memory. */
export interface RecordedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

/** Spans that ended, in that order. */
export const recorded: RecordedSpan[] = [];

let made = 0;
const hex = (digits: number): string => (made += 1).toString(16).padStart(digits, '0');

/** Follows the caller's decision, as a parent-based sampler does; without a caller everything is recorded. */
const tracer: Tracer = {
  startSpan(name: string, options: SpanOptions = {}, context?: Context): Span {
    const parent = context === undefined ? undefined : trace.getSpanContext(context);
    const sampled = parent === undefined || (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
    const own = {
      traceId: parent?.traceId ?? hex(32),
      spanId: hex(16),
      traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    };
    return sampled
      ? spanOf({ name, own, parentId: parent?.spanId ?? null }, options)
      : trace.wrapSpanContext(own);
  },
  startActiveSpan: () => {
    throw new Error('spans are passed on by hand');
  },
};

function spanOf(
  {
    name,
    own,
    parentId,
  }: { readonly name: string; readonly own: SpanContext; readonly parentId: string | null },
  options: SpanOptions,
): Span {
  const attributes: Attributes = { ...options.attributes };
  let failed = false;
  const span: Span = {
    spanContext: () => own,
    setAttribute(key, value) {
      attributes[key] = value;
      return span;
    },
    setAttributes(more) {
      Object.assign(attributes, more);
      return span;
    },
    setStatus() {
      failed = true;
      return span;
    },
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    updateName: () => span,
    recordException: () => undefined,
    isRecording: () => true,
    end() {
      recorded.push({ name, traceId: own.traceId, spanId: own.spanId, parentId, attributes, failed });
    },
  };
  return span;
}

trace.setGlobalTracerProvider({ getTracer: () => tracer });
propagation.setGlobalPropagator({
  fields: () => ['traceparent'],
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (span !== undefined) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
  },
  extract(context, carrier, getter) {
    const [, traceId = '', spanId = '', flags = ''] = String(getter.get(carrier, 'traceparent')).split('-');
    if (traceId.length !== 32) return context;
    return trace.setSpanContext(context, {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16),
      isRemote: true,
    });
  },
});
