import type { ToyEngine } from './engine.ts';
import type { Exchange } from './exchange.ts';

/** What all objects of one reply have in common. */
export interface ReplyBasis {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
}

/** The client's `X-Request-Id` becomes part of the reply's id. */
export function replyBasis(
  engine: ToyEngine,
  exchange: Exchange,
  { prefix, object }: { readonly prefix: string; readonly object: string },
): ReplyBasis {
  const id = exchange.header('x-request-id') ?? engine.nextId();
  return {
    id: `${prefix}-${id}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: engine.options.model,
  };
}

/** The engine's load, as a header in the format that the client asked for (ORCA). */
export function loadHeader(engine: ToyEngine, exchange: Exchange): string[] {
  const waiting = engine.scheduler.waiting.toFixed(1);
  const usage = String(engine.cacheUsage);
  switch (exchange.header('endpoint-load-metrics-format')) {
    case 'TEXT':
      return [
        'endpoint-load-metrics',
        `TEXT named_metrics.kv_cache_usage_perc=${usage}, named_metrics.num_requests_waiting=${waiting}`,
      ];
    case 'JSON':
      return [
        'endpoint-load-metrics',
        `JSON {"named_metrics": {"num_requests_waiting": ${waiting}, "kv_cache_usage_perc": ${usage}}}`,
      ];
    default:
      return [];
  }
}
