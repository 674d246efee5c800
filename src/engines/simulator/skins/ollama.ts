import { badRequest } from '../api-error.ts';
import type { JsonFields } from '../json-body.ts';
import type { RequestKind, Skin } from '../skin.ts';
import { type Dress, dressedEvents, dressedReply } from './dress.ts';
import { cooled, OF_VLLM, without } from './fields.ts';
import { isOverflow, openAiError, saidBy } from './refusals.ts';
import { vllmSkin } from './vllm.ts';

const DRESS: Dress = {
  stopReason: null,
  finishesApart: true,
  opening: '',
  fingerprint: () => 'fp_ollama',
  tellsCached: false,
  omitsNull: true,
};

const PATHS = new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/models']);

const IGNORED = new Set([
  ...OF_VLLM,
  'cache_salt',
  'ignore_eos',
  'logit_bias',
  'min_tokens',
  'n',
  'priority',
  'stop_token_ids',
  'tool_choice',
  'top_k',
]);

/** Ollama: few fields, one choice, lists of likely tokens as texts, no tokenizer and no metrics. */
export const ollamaSkin: Skin = {
  ...vllmSkin,
  server: null,
  hasPath: (path) => PATHS.has(path),
  endpoints: {
    '/api/version': { method: 'GET', reply: () => ({ version: '0.12.11' }) },
    '/api/ps': {
      method: 'GET',
      reply: (_, { model, maxModelTokens }) => ({
        models: [{ name: tagged(model), model: tagged(model), context_length: maxModelTokens }],
      }),
    },
  },
  card: ({ model }) => ({ id: tagged(model), object: 'model', created: 0, owned_by: 'library' }),
  request: readFields,
  logprobs: { ...vllmSkin.logprobs, byLikelihood: true, asInChats: true },
  refusal(error) {
    if (error.status === 503) return { status: 503, body: openAiError({ ...BUSY, param: null }) };
    const said = saidBy(error);
    const message = isOverflow(error) ? 'the input length exceeds the context length' : said.message;
    const type = TYPES[error.status] ?? 'api_error';
    return { status: error.status, body: openAiError({ message, type, param: null }) };
  },
  errorInStream: 'event',
  events: (event, fingerprint) => dressedEvents(DRESS, event, fingerprint),
  reply: (body, fingerprint) => dressedReply(DRESS, body, fingerprint),
};

const TYPES: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' };
const BUSY = {
  message: 'server busy, please try again.  maximum pending requests exceeded',
  type: 'api_error',
};

function tagged(model: string): string {
  return model.includes(':') ? model : `${model}:latest`;
}

function readFields(fields: JsonFields, kind: RequestKind): JsonFields {
  const { top_logprobs: top } = fields;
  if (kind === 'chat' && typeof top === 'number' && (top < 0 || top > 20)) {
    throw badRequest('top_logprobs must be between 0 and 20');
  }
  return cooled(without(fields, IGNORED));
}
