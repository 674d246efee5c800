import type { Flavour, LabelQuestion } from '../flavour.ts';
import type { JsonObject } from '../json.ts';
import { rankOf } from '../request-marks.ts';
import { createVllmTokenizer } from '../tokenizer.ts';
import { openai, OPENAI_CHAT_FIELDS, OPENAI_COMPLETION_FIELDS } from './openai.ts';

/**
 * vLLM's own request fields, of both kinds (its `protocol.py` files, 0.32), but for `priority` and
 * `cache_salt`, which the gateway sets.
 */
const VLLM_FIELDS: readonly string[] = [
  'add_special_tokens',
  'allowed_token_ids',
  'bad_words',
  'ec_transfer_params',
  'ignore_eos',
  'include_stop_str_in_output',
  'kv_transfer_params',
  'length_penalty',
  'logprob_token_ids',
  'min_p',
  'min_tokens',
  'prompt_logprobs',
  'repetition_detection',
  'repetition_penalty',
  'request_id',
  'response_format',
  'return_prompt_text',
  'return_token_ids',
  'return_token_offsets',
  'return_tokens_as_token_ids',
  'session_id',
  'skip_special_tokens',
  'spaces_between_special_tokens',
  'stop_token_ids',
  'stream_interval',
  'structured_outputs',
  'thinking_token_budget',
  'top_k',
  'truncate_prompt_tokens',
  'truncation_side',
  'use_beam_search',
  'vllm_xargs',
  'watermarking',
];

const VLLM_CHAT_FIELDS: readonly string[] = [
  'add_generation_prompt',
  'chat_template',
  'chat_template_kwargs',
  'continue_final_message',
  'documents',
  'echo',
  'include_reasoning',
  'media_io_kwargs',
  'mm_payload',
  'mm_processor_kwargs',
];

const VLLM_COMPLETION_FIELDS: readonly string[] = ['prompt_embeds'];

/** vLLM's OpenAI server, 0.8 and newer. */
export const vllm: Flavour = {
  ...openai,
  fields: {
    chat: new Set([...OPENAI_CHAT_FIELDS, ...VLLM_FIELDS, ...VLLM_CHAT_FIELDS]),
    completion: new Set([...OPENAI_COMPLETION_FIELDS, ...VLLM_FIELDS, ...VLLM_COMPLETION_FIELDS]),
  },
  cannotStream: (body) => asksForPromptLogprobs(body) || body['use_beam_search'] === true,
  alwaysMarksEnd: true,
  versionPath: '/version',
  tokenize: { path: '/tokenize', field: 'prompt' },
  createTokenizer: createVllmTokenizer,
  routes: ['label_ids', 'top_logprobs'],
  // The label is the first token of the answer, so a model that can reason before it must not.
  templateFields: { chat_template_kwargs: { enable_thinking: false } },
  labelFields: vllmLabelFields,
  batchPath: '/v1/chat/completions/batch',
  // The lowest number is served first, and who says none has 0.
  priorityOf: rankOf,
  cacheSalt: new Set(['chat', 'completion']),
  load: {
    path: '/metrics',
    running: 'vllm:num_requests_running',
    waiting: 'vllm:num_requests_waiting',
    cacheUse: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    tokens: { input: 'vllm:prompt_tokens_total', output: 'vllm:generation_tokens_total' },
  },
};

function asksForPromptLogprobs(body: JsonObject): boolean {
  return body['prompt_logprobs'] !== undefined && body['prompt_logprobs'] !== null;
}

/**
 * Sampling is spelled out because the model's own generation settings are the server's defaults otherwise.
 * Tokens are asked for as ids, since different tokens may print as the same text.
 */
function vllmLabelFields({ route, ids }: LabelQuestion): JsonObject {
  return {
    max_tokens: 1,
    temperature: 0,
    top_p: 1,
    top_k: -1,
    min_p: 0,
    logprobs: true,
    ...(route === 'label_ids' ? { logprob_token_ids: ids ?? [] } : { top_logprobs: 20 }),
    ...(ids === null ? {} : { return_tokens_as_token_ids: true }),
  };
}
