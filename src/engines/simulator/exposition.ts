import { asFloat, type EngineMetrics } from './metrics.ts';
import { BLOCK_TOKENS } from './prefix-cache.ts';
import type { OwnMetrics } from './skin.ts';

/** What the gauges show. */
export interface EngineLevels {
  readonly model: string;
  readonly running: number;
  readonly waiting: number;
  /** Share of the cache blocks that running sequences hold, in [0, 1]. */
  readonly cacheUsage: number;
  readonly cacheBlocks: number;
}

/** The metrics as text for Prometheus, under vLLM's names. */
export function renderMetrics(metrics: EngineMetrics, levels: EngineLevels): string {
  const model = `model_name="${escapeLabel(levels.model)}"`;
  const lines = [
    ...gauges(levels, model),
    ...tokenCounters(metrics, `engine="0",${model}`),
    ...requestCounters(metrics, model),
    ...histograms(metrics, `engine="0",${model}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The few metrics of an engine that is not vLLM, under its own names. */
export function renderOwnMetrics(own: OwnMetrics, metrics: EngineMetrics, levels: EngineLevels): string {
  const { promptTokens, cachedTokens, generationTokens } = metrics;
  const figures = { ...levels, promptTokens, cachedTokens, generationTokens };
  const labels = own.labels(escapeLabel(levels.model));
  const lines = Object.entries(own.gauges).flatMap(([name, figure]) => [
    `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`,
    `${name}${labels === '' ? '' : `{${labels}}`} ${figures[figure]}`,
  ]);
  return `${lines.join('\n')}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function gauges(levels: EngineLevels, model: string): string[] {
  const engine = `engine="0",${model}`;
  const cache = `block_size="${BLOCK_TOKENS}",enable_prefix_caching="True",engine="0",num_gpu_blocks="${levels.cacheBlocks}"`;
  return [
    ...gauge('vllm:num_requests_running', 'Number of requests in model execution batches.', [
      [engine, levels.running],
    ]),
    ...gauge('vllm:num_requests_waiting', 'Number of requests waiting to be processed.', [
      [engine, levels.waiting],
    ]),
    ...gauge('vllm:num_requests_waiting_by_reason', 'Number of waiting requests by reason.', [
      [`${engine},reason="capacity"`, levels.waiting],
      [`${engine},reason="deferred"`, 0],
    ]),
    ...gauge('vllm:kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', [
      [engine, levels.cacheUsage],
    ]),
    ...gauge('vllm:cache_config_info', 'Information of the cache configuration.', [[cache, 1]]),
  ];
}

function tokenCounters(metrics: EngineMetrics, engine: string): string[] {
  const { promptTokens, cachedTokens, generationTokens } = metrics;
  return [
    ...counter('vllm:prefix_cache_queries', 'Prefix cache queries, in tokens.', [[engine, promptTokens]]),
    ...counter('vllm:prefix_cache_hits', 'Prefix cache hits, in tokens.', [[engine, cachedTokens]]),
    ...counter('vllm:num_preemptions', 'Number of preemptions.', [[engine, 0]]),
    ...counter('vllm:prompt_tokens', 'Number of prefill tokens processed.', [[engine, promptTokens]]),
    ...counter('vllm:prompt_tokens_by_source', 'Number of prompt tokens by source.', [
      [`${engine},source="local_compute"`, promptTokens - cachedTokens],
      [`${engine},source="local_cache_hit"`, cachedTokens],
      [`${engine},source="external_kv_transfer"`, 0],
    ]),
    ...counter('vllm:prompt_tokens_cached', 'Number of cached prompt tokens.', [[engine, cachedTokens]]),
    ...counter('vllm:generation_tokens', 'Number of generation tokens processed.', [
      [engine, generationTokens],
    ]),
  ];
}

function requestCounters({ finished, rejected, httpRequests }: EngineMetrics, model: string): string[] {
  const reason = (name: string): string => `engine="0",finished_reason="${name}",${model}`;
  return [
    // An abort is not counted when a client leaves: so it is in vLLM.
    ...counter('vllm:request_success', 'Count of successfully processed requests.', [
      [reason('stop'), finished.stop],
      [reason('length'), finished.length],
      [reason('abort'), 0],
      [reason('error'), 0],
      [reason('repetition'), 0],
    ]),
    ...counter('vllm:admission_rejections', 'Number of admissions rejected by a queue limit.', [
      [`${model},reason="max_num_queued_reqs"`, rejected],
      [`${model},reason="max_num_queued_tokens"`, 0],
    ]),
    ...counter('http_requests', 'Number of requests by method, status and handler.', [...httpRequests]),
  ];
}

function histograms(metrics: EngineMetrics, engine: string): string[] {
  const all = [
    ['vllm:time_to_first_token_seconds', 'Time to first token.', metrics.firstToken],
    ['vllm:inter_token_latency_seconds', 'Time between tokens.', metrics.interToken],
    ['vllm:e2e_request_latency_seconds', 'End to end request latency.', metrics.endToEnd],
    ['vllm:request_queue_time_seconds', 'Time spent waiting.', metrics.queued],
    ['vllm:request_prompt_tokens', 'Prompt tokens by request.', metrics.promptLength],
    ['vllm:request_generation_tokens', 'Generated tokens by request.', metrics.answerLength],
  ] as const;
  return all.flatMap(([name, help, histogram]) => [
    ...head(name, help, 'histogram'),
    ...histogram.render(name, engine),
  ]);
}

type Samples = readonly (readonly [labels: string, value: number])[];

function gauge(name: string, help: string, samples: Samples): string[] {
  return [...head(name, help, 'gauge'), ...rows(name, samples)];
}

function counter(name: string, help: string, samples: Samples): string[] {
  return [...head(`${name}_total`, help, 'counter'), ...rows(`${name}_total`, samples)];
}

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function rows(name: string, samples: Samples): string[] {
  return samples.map(([labels, value]) => `${name}{${labels}} ${asFloat(value)}`);
}
