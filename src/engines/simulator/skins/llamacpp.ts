import type { SimulatorOptions } from '../../../contracts/simulator.ts';
import { type ApiError, badRequest } from '../api-error.ts';
import { renderChat } from '../chat-template.ts';
import type { JsonFields } from '../json-body.ts';
import { detokenize, tokenize } from '../tokenizer.ts';
import type { RequestKind, Skin } from '../skin.ts';
import { VOCABULARY_SIZE } from '../vocabulary.ts';
import { type Dress, dressedEvents, dressedReply } from './dress.ts';
import { cooled, nearlyGreedy, OF_VLLM, without } from './fields.ts';
import { chatMessages, tokenIds } from './llamacpp-bodies.ts';
import { isOverflow, saidBy } from './refusals.ts';
import { vllmSkin } from './vllm.ts';

const BUILD = 'b1-de3ff81';

const DRESS: Dress = {
  stopReason: null,
  finishesApart: true,
  opening: null,
  fingerprint: () => BUILD,
  tellsCached: true,
  omitsNull: true,
};

const PATHS = new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/models', '/health']);

const IGNORED = new Set([...OF_VLLM, 'cache_salt', 'priority', 'stop_token_ids']);

/** `llama-server`: ids in lists without a bound, NaN as null, usage of one choice, a tokenizer of its own. */
export const llamacppSkin: Skin = {
  ...vllmSkin,
  server: 'llama.cpp',
  hasPath: (path) => PATHS.has(path),
  endpoints: {
    '/health': { method: 'GET', reply: () => ({ status: 'ok' }) },
    '/props': { method: 'GET', reply: (_, options) => props(options) },
    // Anything but a text is no tokens, without a word.
    '/tokenize': { method: 'POST', reply: ({ content }) => ({ tokens: tokensOf(content) }) },
    '/detokenize': { method: 'POST', reply: (fields) => ({ content: detokenize(tokenIds(fields)) }) },
    '/apply-template': { method: 'POST', reply: (fields) => ({ prompt: rendered(fields) }) },
  },
  card: ({ model, maxModelTokens }) => ({
    id: model,
    aliases: [model],
    tags: [],
    object: 'model',
    created: 0,
    owned_by: 'llamacpp',
    meta: { n_vocab: VOCABULARY_SIZE, n_ctx: maxModelTokens, n_ctx_train: maxModelTokens },
  }),
  checksModel: false,
  request: readFields,
  logprobs: { most: VOCABULARY_SIZE, byLikelihood: true, withIds: true, asInChats: true },
  writesNan: true,
  refusal: refusalOf,
  errorInStream: 'event',
  usageOfOneChoice: true,
  events: (event, fingerprint) => dressedEvents(DRESS, event, fingerprint),
  reply: (body, fingerprint) => dressedReply(DRESS, body, fingerprint),
  metrics: {
    path: '/metrics',
    labels: () => '',
    gauges: {
      'llamacpp:requests_processing': 'running',
      'llamacpp:requests_deferred': 'waiting',
      'llamacpp:prompt_tokens_total': 'promptTokens',
      'llamacpp:prompt_tokens_cached_total': 'cachedTokens',
      'llamacpp:tokens_predicted_total': 'generationTokens',
    },
  },
};

function props({ model, maxModelTokens, clock }: SimulatorOptions) {
  return {
    default_generation_settings: { n_ctx: maxModelTokens },
    total_slots: clock.maxRunning,
    model_alias: model,
    build_info: BUILD,
  };
}

function tokensOf(content: unknown): readonly number[] {
  return typeof content === 'string' ? tokenize(content) : [];
}

/** An assistant's message at the end stays open. The token that begins a text is not shown. */
function rendered(fields: JsonFields): string {
  const messages = chatMessages(fields);
  const isOpen = messages.at(-1)?.role === 'assistant';
  return renderChat(messages, { addGenerationPrompt: !isOpen, continueFinalMessage: isOpen }).text;
}

/** The defaults of a chat, and the bound that comes from the number of slots. */
function readFields(fields: JsonFields, kind: RequestKind, { clock }: SimulatorOptions): JsonFields {
  const { n, logprobs, top_logprobs: top } = fields;
  if (typeof n === 'number' && (n < 1 || n > clock.maxRunning)) {
    throw badRequest(`Field 'n': Value must be between 1 <= value <= ${clock.maxRunning}, but got ${n}`);
  }
  if (kind === 'chat' && typeof top === 'number' && logprobs !== true) {
    throw badRequest('top_logprobs requires logprobs to be set to true');
  }
  const known = nearlyGreedy(cooled(without(fields, IGNORED)));
  return kind === 'chat' && logprobs === true ? { ...known, top_logprobs: top ?? 20 } : known;
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
};

function refusalOf(error: ApiError): ReturnType<Skin['refusal']> {
  const { message } = saidBy(error);
  if (isNoJson(error)) {
    const said = '[json.exception.parse_error.101] parse error at line 1, column 1: syntax error';
    return { status: 500, body: { error: { code: 500, message: said, type: 'server_error' } } };
  }
  if (isOverflow(error)) {
    return {
      status: 400,
      body: { error: { code: 400, message: OVERFLOW, type: 'exceed_context_size_error' } },
    };
  }
  const type = TYPES[error.status] ?? 'server_error';
  return { status: error.status, body: { error: { code: error.status, message, type } } };
}

const OVERFLOW = 'request exceeds the available context size, try increasing it';

/** Half of a surrogate pair is no JSON to it either. */
function isNoJson(error: ApiError): boolean {
  return /'json_invalid'|error parsing the body|TextEncodeInput/.test(saidBy(error).message);
}
