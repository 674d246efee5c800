import type { Flavour } from '../flavour.ts';
import { rankOf } from '../request-marks.ts';
import { openai } from './openai.ts';

/** What chat and completions share. `lora_request` is left out: it names files of the server. */
const SHARED_FIELDS: readonly string[] = [
  'add_special_tokens',
  'best_of',
  'early_stopping',
  'echo',
  'frequency_penalty',
  'ignore_eos',
  'include_stop_str_in_output',
  'length_penalty',
  'logit_bias',
  'logprobs',
  'max_tokens',
  'min_p',
  'min_tokens',
  'n',
  'presence_penalty',
  'repetition_penalty',
  'response_format',
  'seed',
  'skip_special_tokens',
  'spaces_between_special_tokens',
  'stop',
  'stop_token_ids',
  'temperature',
  'thinking_token_budget',
  'top_k',
  'top_p',
  'top_p_min',
  'truncate_prompt_tokens',
  'use_beam_search',
  'user',
];

const CHAT_FIELDS: readonly string[] = [
  'add_generation_prompt',
  'chat_template',
  'chat_template_kwargs',
  'documents',
  'max_completion_tokens',
  'messages',
  'parallel_tool_calls',
  'reasoning_effort',
  'tool_choice',
  'tools',
  'top_logprobs',
];

/**
 * TensorRT-LLM's own server, `trtllm-serve` (`openai_protocol.py` of its `serve` folder). It refuses fields
 * that it does not know, lists no token ids, and has a tokenizer for plain texts only: labels are known by
 * their text. Likely tokens need its PyTorch backend, or an engine that gathers generation logits.
 */
export const trtllm: Flavour = {
  ...openai,
  fields: {
    chat: new Set([...SHARED_FIELDS, ...CHAT_FIELDS]),
    completion: new Set([...SHARED_FIELDS, 'prompt']),
  },
  alwaysMarksEnd: true,
  versionPath: '/version',
  tokenize: { path: '/_internal/tokenize', field: 'prompt' },
  templateFields: { chat_template_kwargs: { enable_thinking: false } },
  // From 0 to 1, the highest served first; who says none has 0.5.
  priorityOf: (callClass) => (4 - rankOf(callClass)) / 5,
  cacheSalt: new Set(['chat']),
  load: {
    path: '/prometheus/metrics',
    running: 'trtllm_num_requests_running',
    waiting: 'trtllm_num_requests_waiting',
    cacheUse: ['trtllm_kv_cache_utilization'],
    tokens: { input: 'trtllm_prompt_tokens_total', output: 'trtllm_generation_tokens_total' },
  },
};
