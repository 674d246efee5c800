import type { JsonFields } from '../json-body.ts';
import type { Skin } from '../skin.ts';
import { type Dress, dressedEvents, dressedReply } from './dress.ts';
import { cooled, nearlyGreedy, OF_VLLM, without } from './fields.ts';
import { flatError, isOverflow, saidBy } from './refusals.ts';
import { vllmSkin } from './vllm.ts';

const DRESS: Dress = {
  stopReason: 'matched_stop',
  finishesApart: true,
  opening: '',
  fingerprint: null,
  // Only with --enable-cache-report.
  tellsCached: false,
  omitsNull: false,
};

const PATHS = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/models',
  '/tokenize',
  '/detokenize',
  '/health',
]);

const IGNORED = new Set(OF_VLLM);

/** SGLang: errors without an envelope, `matched_stop`, the highest priority first, strict lists of texts. */
export const sglangSkin: Skin = {
  ...vllmSkin,
  hasPath: (path) => PATHS.has(path),
  endpoints: { '/server_info': { method: 'GET', reply: () => ({ version: '0.5.9' }) } },
  card: ({ model, maxModelTokens }) => ({
    id: model,
    object: 'model',
    created: 0,
    owned_by: 'sglang',
    root: model,
    max_model_len: maxModelTokens,
  }),
  checksModel: false,
  request: readFields,
  logprobs: { ...vllmSkin.logprobs, byLikelihood: true },
  refusal(error) {
    const { message, type, param } = saidBy(error);
    const ownType = error.status < 500 ? 'BadRequestError' : type;
    const said = isOverflow(error)
      ? `The input is longer than the model's context length. ${message}`
      : message;
    return { status: error.status, body: flatError({ message: said, type: ownType, param }, error.status) };
  },
  events: (event, fingerprint) => dressedEvents(DRESS, event, fingerprint),
  reply: (body, fingerprint) => dressedReply(DRESS, body, fingerprint),
  metrics: {
    path: '/metrics',
    labels: (model) => `engine_type="unified",model_name="${model}",tp_rank="0"`,
    gauges: {
      'sglang:num_running_reqs': 'running',
      'sglang:num_queue_reqs': 'waiting',
      'sglang:token_usage': 'cacheUsage',
      'sglang:prompt_tokens_total': 'promptTokens',
      'sglang:generation_tokens_total': 'generationTokens',
      'sglang:cached_tokens_total': 'cachedTokens',
    },
  },
};

function readFields(fields: JsonFields): JsonFields {
  const { priority } = fields;
  const known = nearlyGreedy(cooled(without(fields, IGNORED)));
  return typeof priority === 'number' ? { ...known, priority: -priority } : known;
}
