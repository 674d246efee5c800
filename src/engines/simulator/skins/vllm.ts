import type { LogprobForm } from '../generation-plan.ts';
import type { Skin } from '../skin.ts';

/** The sampled token first, then at most twenty. */
const VLLM_LOGPROBS: LogprobForm = { most: 20, byLikelihood: false, withIds: false, asInChats: false };

/** The engine that the rest is written for: no difference. */
export const vllmSkin: Skin = {
  server: 'uvicorn',
  hasPath: () => true,
  endpoints: {},
  card: null,
  checksModel: true,
  request: (fields) => fields,
  logprobs: VLLM_LOGPROBS,
  writesNan: false,
  refusal: ({ status, body }) => ({ status, body }),
  errorInStream: 'event and end',
  usageOfOneChoice: false,
  events: (event) => [event],
  reply: (body) => body,
  metrics: null,
};
