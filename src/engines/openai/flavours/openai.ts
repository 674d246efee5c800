import type { Flavour } from '../flavour.ts';

/** Fields that both kinds of request share in OpenAI's own interface. */
export const OPENAI_SHARED_FIELDS: readonly string[] = [
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_tokens',
  'n',
  'presence_penalty',
  'seed',
  'stop',
  'temperature',
  'top_p',
  'user',
];

export const OPENAI_CHAT_FIELDS: readonly string[] = [
  ...OPENAI_SHARED_FIELDS,
  'audio',
  'function_call',
  'functions',
  'max_completion_tokens',
  'messages',
  'metadata',
  'modalities',
  'parallel_tool_calls',
  'prediction',
  'prompt_cache_key',
  'reasoning_effort',
  'response_format',
  'safety_identifier',
  'service_tier',
  'store',
  'tool_choice',
  'tools',
  'top_logprobs',
  'verbosity',
  'web_search_options',
];

export const OPENAI_COMPLETION_FIELDS: readonly string[] = [
  ...OPENAI_SHARED_FIELDS,
  'best_of',
  'echo',
  'prompt',
  'suffix',
];

/**
 * Any server that speaks OpenAI's interface and no more: no tokenizer to ask, so labels are found by
 * the text of their tokens among the twenty most likely ones.
 */
export const openai: Flavour = {
  fields: { chat: new Set(OPENAI_CHAT_FIELDS), completion: new Set(OPENAI_COMPLETION_FIELDS) },
  cannotStream: () => false,
  refusal: () => null,
  alwaysMarksEnd: false,
  usageOfOneChoice: false,
  versionPath: null,
  contextPath: null,
  tokenize: null,
  createTokenizer: null,
  routes: ['top_logprobs'],
  topLogprobs: 20,
  templateFields: {},
  labelFields: () => ({ max_tokens: 1, temperature: 0, top_p: 1, logprobs: true, top_logprobs: 20 }),
  batchPath: null,
  priorityOf: null,
  cacheSalt: new Set(),
  load: null,
};
