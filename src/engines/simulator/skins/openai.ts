import type { SimulatorOptions } from '../../../contracts/simulator.ts';
import { badRequest } from '../api-error.ts';
import type { JsonFields } from '../json-body.ts';
import type { Skin } from '../skin.ts';
import { type Dress, dressedEvents, dressedReply } from './dress.ts';
import { nearlyGreedy, OF_VLLM, without } from './fields.ts';
import { isOverflow, openAiError, saidBy } from './refusals.ts';
import { vllmSkin } from './vllm.ts';

const DRESS: Dress = {
  stopReason: null,
  finishesApart: true,
  opening: '',
  fingerprint: (ofVllm) => `fp_${ofVllm.slice(-8)}`,
  tellsCached: true,
  omitsNull: false,
};

const PATHS = new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/models']);

const UNKNOWN = [...OF_VLLM, 'cache_salt', 'ignore_eos', 'min_tokens', 'priority', 'stop_token_ids', 'top_k'];

/** OpenAI's own interface and nothing beside it. It refuses what it does not know. */
export const openaiSkin: Skin = {
  ...vllmSkin,
  server: null,
  hasPath: (path) => PATHS.has(path),
  card: ({ model }: SimulatorOptions) => ({ id: model, object: 'model', created: 0, owned_by: 'system' }),
  request: refuseUnknown,
  logprobs: { ...vllmSkin.logprobs, byLikelihood: true },
  refusal(error) {
    const { message, param } = saidBy(error);
    const type = error.status < 500 ? 'invalid_request_error' : 'server_error';
    const code = isOverflow(error)
      ? 'context_length_exceeded'
      : error.status === 404
        ? 'model_not_found'
        : null;
    return { status: error.status, body: openAiError({ message, type, param }, code) };
  },
  events: (event, fingerprint) => dressedEvents(DRESS, event, fingerprint),
  reply: (body, fingerprint) => dressedReply(DRESS, body, fingerprint),
};

function refuseUnknown(fields: JsonFields): JsonFields {
  const known = without(fields, new Set(UNKNOWN));
  const stranger = Object.keys(fields).find((field) => !(field in known));
  if (stranger !== undefined) throw badRequest(`Unrecognized request argument supplied: ${stranger}`);
  return nearlyGreedy(fields);
}
