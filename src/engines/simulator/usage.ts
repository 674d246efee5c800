import type { GenerationJob } from './generation-job.ts';
import type { CacheLookup } from './prefix-cache.ts';

const NOTHING_CACHED: CacheLookup = { cached: 0, created: 0 };

function counts(prompt: number, completion: number) {
  return { prompt_tokens: prompt, total_tokens: prompt + completion, completion_tokens: completion };
}

/** Usage in a whole reply. With several prompts the cache is only told of the last, as vLLM does. */
export function replyUsage(job: GenerationJob, kind: 'chat' | 'completion') {
  const { cached, created } = job.lookups.at(-1) ?? NOTHING_CACHED;
  return {
    ...counts(job.promptTokens, job.completionTokens),
    prompt_tokens_details: {
      cached_tokens: cached,
      created_cache_tokens: kind === 'chat' ? created : null,
      multimodal_tokens: null,
    },
    completion_tokens_details: null,
  };
}

/** Usage in the last event of a stream. With several prompts the cache is only told of the first. */
export function finalUsage(job: GenerationJob, kind: 'chat' | 'completion') {
  const { cached, created } = job.lookups[0] ?? NOTHING_CACHED;
  return {
    ...counts(job.promptTokens, job.completionTokens),
    prompt_tokens_details:
      kind === 'chat' ? { cached_tokens: cached, created_cache_tokens: created } : { cached_tokens: cached },
  };
}

/** Usage where only one choice is told of (llama.cpp). */
export function usageOfChoice(job: GenerationJob, choice: number) {
  const prompt = Math.floor(choice / job.plan.n);
  return {
    ...counts(job.plan.prompts[prompt]?.tokens.length ?? 0, job.tokensOf(choice)),
    prompt_tokens_details: { cached_tokens: (job.lookups[prompt] ?? NOTHING_CACHED).cached },
  };
}

/** Usage so far of one answer, as each event shows it when asked for. */
export function runningUsage(promptTokens: number, completionTokens: number) {
  return { ...counts(promptTokens, completionTokens), completion_tokens_details: null };
}
