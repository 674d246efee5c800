import type { ReplicaLoad } from '../../contracts/engine.ts';

/**
 * Reads how busy a model is from the text of Triton's metrics endpoint. Triton itself counts only requests
 * that wait in its own queue: it calls a streamed request done as soon as its backend took it. What runs is
 * known to the engine inside, which tells it through Triton: TensorRT-LLM always (`nv_trt_llm_*`),
 * vllm_backend when it reports custom metrics (`vllm:*`). Null where neither speaks of the model.
 */
export function readLoad(metrics: string, model: string): ReplicaLoad | null {
  const samples = readSamples(metrics);
  const engine = ofOneModel(samples, model);
  const running = engine('vllm:num_requests_running') ?? engine(TRTLLM_REQUESTS, 'active');
  const waiting = engine('vllm:num_requests_waiting') ?? engine(TRTLLM_REQUESTS, 'waiting');
  if (running === undefined || waiting === undefined) return null;
  const queued = samples.find((each) => each.name === QUEUED && each.model === model)?.value ?? 0;
  const cacheUse = engine('vllm:gpu_cache_usage_perc') ?? engine(TRTLLM_CACHE, 'fraction');
  const written = engine('vllm:generation_tokens_total');
  const read = engine('vllm:prompt_tokens_total');
  return {
    running,
    waiting: waiting + queued,
    cacheUse: cacheUse === undefined ? null : Math.min(1, cacheUse),
    ...(written === undefined || read === undefined
      ? {}
      : { progress: written + read, tokens: { input: read, output: written } }),
  };
}

const TRTLLM_REQUESTS = 'nv_trt_llm_request_metrics';
const TRTLLM_CACHE = 'nv_trt_llm_kv_cache_block_metrics';
const QUEUED = 'nv_inference_pending_request_count';

interface Sample {
  readonly name: string;
  readonly model: string;
  /** What of a family it is, such as `waiting`; empty for families of one number. */
  readonly type: string;
  readonly value: number;
}

/** A sample is `name{label="text",…} value`. */
const LINE = /^(nv_trt_llm_\w+|vllm:\w+|nv_inference_pending_request_count)\{([^}]*)\} ([\d.eE+-]+)$/gm;
const MODEL = /\bmodel="([^"]*)"/;
const TYPE = /\b(?:request_type|kv_cache_block_type)="([^"]*)"/;

function readSamples(metrics: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const [, name = '', labels = '', number = ''] of metrics.matchAll(LINE)) {
    const value = Number(number);
    if (!Number.isFinite(value) || value < 0) continue;
    samples.push({ name, value, model: MODEL.exec(labels)?.[1] ?? '', type: TYPE.exec(labels)?.[1] ?? '' });
  }
  return samples;
}

/**
 * An ensemble's engine goes by the name of its own step, which Triton does not tell: with one engine on the
 * server there is no doubt, with several that do not bear the model's name nothing is said.
 */
function ofOneModel(
  samples: readonly Sample[],
  model: string,
): (name: string, type?: string) => number | undefined {
  const engines = new Set(samples.filter(({ name }) => name !== QUEUED).map((sample) => sample.model));
  const [only] = engines;
  const known = engines.has(model) ? model : engines.size === 1 ? only : undefined;
  return (name, type = '') =>
    samples.find((each) => each.name === name && each.type === type && each.model === known)?.value;
}
