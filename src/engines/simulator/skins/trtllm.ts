import { invalidBody } from '../api-error.ts';
import type { JsonFields } from '../json-body.ts';
import type { RequestKind, Skin } from '../skin.ts';
import { tokenize } from '../tokenizer.ts';
import { type Dress, dressedEvents, dressedReply } from './dress.ts';
import { cooled, OF_VLLM, textField } from './fields.ts';
import { flatError, isOverflow, saidBy } from './refusals.ts';
import { vllmSkin } from './vllm.ts';

const DRESS: Dress = {
  stopReason: 'stop_reason',
  finishesApart: false,
  opening: '',
  fingerprint: null,
  tellsCached: true,
  omitsNull: false,
};

const PATHS = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/models',
  '/health',
  '/version',
  '/metrics',
]);

const OWN_FIELDS = new Set(['add_special_tokens', 'include_stop_str_in_output']);
const FORBIDDEN = new Set([
  ...OF_VLLM.filter((field) => !OWN_FIELDS.has(field)),
  'continue_final_message',
  'request_id',
]);

/** `trtllm-serve`: refuses unknown fields, says 400 to nearly everything, lists texts in strict order. */
export const trtllmSkin: Skin = {
  ...vllmSkin,
  hasPath: (path) => PATHS.has(path),
  endpoints: {
    '/version': { method: 'GET', reply: () => ({ version: '1.2.0' }) },
    '/metrics': { method: 'GET', reply: () => [] },
    '/_internal/tokenize': {
      method: 'POST',
      reply: (fields) => ({ tokens: tokenize(textField(fields, 'prompt')) }),
    },
  },
  card: ({ model }) => ({ id: model, object: 'model', created: 0, owned_by: 'tensorrt_llm' }),
  checksModel: false,
  request: readFields,
  logprobs: { ...vllmSkin.logprobs, byLikelihood: true },
  refusal(error) {
    const { message, type } = saidBy(error);
    const said = isOverflow(error) ? `The prompt length exceeds maximum input length. ${message}` : message;
    const status = error.status === 401 || error.status === 404 || error.status === 503 ? error.status : 400;
    const ownType = status === 400 ? 'BadRequestError' : type;
    return { status, body: flatError({ message: said, type: ownType, param: null }, status) };
  },
  errorInStream: 'none',
  events: (event, fingerprint) => dressedEvents(DRESS, event, fingerprint),
  reply: (body, fingerprint) => dressedReply(DRESS, body, fingerprint),
  metrics: {
    path: '/prometheus/metrics',
    labels: (model) => `engine_type="pytorch",model_name="${model}"`,
    gauges: {
      trtllm_num_requests_running: 'running',
      trtllm_num_requests_waiting: 'waiting',
      trtllm_kv_cache_utilization: 'cacheUsage',
      trtllm_prompt_tokens_total: 'promptTokens',
      trtllm_generation_tokens_total: 'generationTokens',
    },
  },
};

function readFields(fields: JsonFields, kind: RequestKind): JsonFields {
  const stranger = Object.keys(fields).find(
    (field) => FORBIDDEN.has(field) || (field === 'cache_salt' && kind !== 'chat'),
  );
  if (stranger !== undefined) throw invalidBody([`body.${stranger}: Extra inputs are not permitted`], null);
  const { priority } = fields;
  if (typeof priority !== 'number') return cooled(fields);
  if (priority < 0 || priority > 1) throw invalidBody(['body.priority: must be between 0 and 1'], null);
  // The scheduler here serves the lowest whole number first.
  return cooled({ ...fields, priority: Math.round((0.5 - priority) * 1_000) });
}
