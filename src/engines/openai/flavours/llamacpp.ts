import type { Flavour } from '../flavour.ts';
import type { JsonObject } from '../json.ts';
import { createLlamaTokenizer } from '../llamacpp-tokenizer.ts';
import { openai, OPENAI_CHAT_FIELDS, OPENAI_COMPLETION_FIELDS } from './openai.ts';

/**
 * llama.cpp's own request fields, of both kinds (`server-schema.cpp`). Left out: `post_sampling_probs`, which
 * turns log-probabilities into something else, and what steers its slots.
 */
const LLAMA_FIELDS: readonly string[] = [
  'dry_allowed_length',
  'dry_base',
  'dry_multiplier',
  'dry_penalty_last_n',
  'dry_sequence_breakers',
  'dynatemp_exponent',
  'dynatemp_range',
  'grammar',
  'ignore_eos',
  'json_schema',
  'min_keep',
  'min_p',
  'mirostat',
  'mirostat_eta',
  'mirostat_tau',
  'repeat_last_n',
  'repeat_penalty',
  'response_format',
  'return_tokens',
  'samplers',
  'timings_per_token',
  'top_k',
  'top_n_sigma',
  'typical_p',
  'xtc_probability',
  'xtc_threshold',
];

const CHAT_FIELDS: readonly string[] = [
  'add_generation_prompt',
  'chat_template_kwargs',
  'continue_final_message',
  'reasoning_format',
];

/** Far more than the labels' places in any sensible judge's list, in a reply of some 20 kB. */
const LISTED = 256;

/**
 * llama.cpp's server, `llama-server`. Every list entry has the token's id, there is no cap on their number,
 * and the values are of the raw model; the sampled token may be missing from the list.
 */
export const llamacpp: Flavour = {
  ...openai,
  fields: {
    chat: new Set([...OPENAI_CHAT_FIELDS, ...LLAMA_FIELDS, ...CHAT_FIELDS]),
    completion: new Set([...OPENAI_COMPLETION_FIELDS, ...LLAMA_FIELDS]),
  },
  // Refused with 400 in a stream.
  cannotStream: (body) =>
    body['logprobs'] === true && Array.isArray(body['tools']) && body['tools'].length > 0,
  alwaysMarksEnd: true,
  usageOfOneChoice: true,
  versionPath: '/props',
  tokenize: { path: '/tokenize', field: 'content' },
  createTokenizer: createLlamaTokenizer,
  topLogprobs: LISTED,
  templateFields: { chat_template_kwargs: { enable_thinking: false } },
  labelFields: llamaLabelFields,
  load: {
    path: '/metrics',
    running: 'llamacpp:requests_processing',
    waiting: 'llamacpp:requests_deferred',
    cacheUse: [],
    // `llamacpp:prompt_tokens_total` leaves out what came from the cache.
    tokens: null,
  },
};

/** Sampling is spelled out: the server's own defaults are not neutral. */
function llamaLabelFields(): JsonObject {
  return {
    max_tokens: 1,
    temperature: 0,
    top_p: 1,
    top_k: 0,
    min_p: 0,
    logprobs: true,
    top_logprobs: LISTED,
  };
}
