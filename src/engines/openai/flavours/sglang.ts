import type { Flavour } from '../flavour.ts';
import { rankOf } from '../request-marks.ts';
import { openai, OPENAI_SHARED_FIELDS } from './openai.ts';

/**
 * SGLang's own request fields, of both kinds (its `protocol.py`, 0.5). Left out: what loads code or files
 * (`custom_logit_processor`, `lora_path`), what steers its workers, and what the gateway sets.
 */
const SGLANG_FIELDS: readonly string[] = [
  'ebnf',
  'ignore_eos',
  'min_p',
  'min_tokens',
  'no_stop_trim',
  'regex',
  'repetition_penalty',
  'response_format',
  'return_token_ids',
  'skip_special_tokens',
  'stop_regex',
  'stop_token_ids',
  'top_k',
];

const CHAT_FIELDS: readonly string[] = [
  'chat_template_kwargs',
  'continue_final_message',
  'max_completion_tokens',
  'messages',
  'parallel_tool_calls',
  'reasoning_effort',
  'separate_reasoning',
  'stream_reasoning',
  'tool_choice',
  'tools',
  'top_logprobs',
];

const COMPLETION_FIELDS: readonly string[] = ['best_of', 'echo', 'json_schema', 'prompt', 'suffix'];

/**
 * SGLang's server. Its lists of likely tokens show texts, not ids, in the order of likelihood; the sampled
 * token may be missing from them.
 */
export const sglang: Flavour = {
  ...openai,
  fields: {
    chat: new Set([...OPENAI_SHARED_FIELDS, ...SGLANG_FIELDS, ...CHAT_FIELDS]),
    completion: new Set([...OPENAI_SHARED_FIELDS, ...SGLANG_FIELDS, ...COMPLETION_FIELDS]),
  },
  alwaysMarksEnd: true,
  versionPath: '/server_info',
  tokenize: { path: '/tokenize', field: 'prompt' },
  templateFields: { chat_template_kwargs: { enable_thinking: false } },
  labelFields: () => ({ ...openai.labelFields({ route: 'top_logprobs', ids: null }), top_k: -1, min_p: 0 }),
  // The highest number is served first, the other way round than in vLLM.
  priorityOf: (callClass) => 3 - rankOf(callClass),
  cacheSalt: new Set(['chat', 'completion']),
  load: {
    path: '/metrics',
    running: 'sglang:num_running_reqs',
    waiting: 'sglang:num_queue_reqs',
    cacheUse: ['sglang:token_usage'],
    tokens: { input: 'sglang:prompt_tokens_total', output: 'sglang:generation_tokens_total' },
  },
};
