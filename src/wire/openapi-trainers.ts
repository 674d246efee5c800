import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { BODY_FAILURES, COMMON_FAILURES, failures } from './openapi-failures.ts';

/** The interfaces of trainers and tools in the API description: their bodies are theirs, see docs/integrations. */
const JSON_TYPE = 'application/json';

interface Foreign {
  readonly operationId: string;
  readonly summary: string;
  readonly body: unknown;
  readonly reply: unknown;
  /** The URL may say more, see `TrainerSettings`. */
  readonly hasQuery?: true;
}

const query = z.object({
  policy: z.string().optional().meta({ description: 'The score policy; the first one when absent.' }),
  rubric: z.string().optional().meta({ description: 'As `name@version`.' }),
  blank: z.string().optional().meta({ description: 'Reward of blank responses; refused when absent.' }),
  after: z.string().optional().meta({ description: 'The response begins after the last of these.' }),
  label: z.enum(['reference', 'ignore']).optional(),
  key: z.string().optional().meta({ description: 'slime: answer with an object that has this field.' }),
});

function foreign({ operationId, summary, body, reply, hasQuery }: Foreign): {
  readonly post: ZodOpenApiOperationObject;
} {
  return {
    post: {
      operationId,
      tags: ['trainers'],
      summary,
      ...(hasQuery === true ? { requestParams: { query } } : {}),
      requestBody: {
        required: true,
        content: { [JSON_TYPE]: { schema: z.unknown(), example: body } },
      },
      responses: {
        '200': {
          description: 'As the tool reads it',
          content: { [JSON_TYPE]: { schema: z.unknown(), example: reply } },
        },
        ...failures([...BODY_FAILURES, ...COMMON_FAILURES, 'not_judged', 'engine_unavailable']),
      },
    },
  };
}

const CHAT = '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>';

export const trainerPaths: ZodOpenApiPathsObject = {
  '/get_reward': foreign({
    operationId: 'rewardOpenRlhf',
    summary: 'Rewards for OpenRLHF',
    body: { query: ['Hi Hello!'], prompts: ['Hi '], labels: [''] },
    reply: { rewards: [0.82], scores: [0.82], extra_logs: { assay_confidence: [0.64] } },
    hasQuery: true,
  }),
  '/rm': foreign({
    operationId: 'rewardSlime',
    summary: 'A reward for slime',
    body: { prompt: 'Hi', response: 'Hello!', label: '' },
    reply: 0.82,
    hasQuery: true,
  }),
  '/v1/score/evaluation': foreign({
    operationId: 'rewardLlamaFactory',
    summary: 'Scores for LLaMA-Factory',
    body: { model: 'model', messages: [CHAT] },
    reply: { id: 'req_1', object: 'score.evaluation', model: 'model', scores: [0.82] },
    hasQuery: true,
  }),
  '/classify': foreign({
    operationId: 'classify',
    summary: 'Rewards of a score policy as a reward model gives them, or the classes of an engine',
    body: { model: 'assay/scores', input: CHAT },
    reply: { object: 'list', data: [{ index: 0, label: 'reward', probs: [0.82], num_classes: 1 }] },
    hasQuery: true,
  }),
  '/compare': foreign({
    operationId: 'compareNemoGym',
    summary: 'Rewards for a group of responses, for NeMo-Gym',
    body: {
      conversation_history: [{ role: 'user', content: 'Hi' }],
      response_objs: [
        { output: [{ type: 'message', content: 'Hello!' }] },
        { output: [{ type: 'message', content: 'Go.' }] },
      ],
    },
    reply: { rewards: [0.7, -0.7], comparison_results: null, metrics: { assay_certainty: 0.9 } },
  }),
  '/seed_session': foreign({
    operationId: 'seedSessionNemoGym',
    summary: 'Nothing to prepare for a rollout, for NeMo-Gym',
    body: {},
    reply: {},
  }),
  '/verify': foreign({
    operationId: 'verifyNemoGym',
    summary: 'Reward of one rollout within the group of its prompt, for NeMo-Gym',
    body: {
      responses_create_params: { input: [{ role: 'user', content: 'Hi' }] },
      response: { id: 'resp_1', output: [{ type: 'message', content: 'Hello!' }] },
    },
    reply: {
      responses_create_params: { input: [{ role: 'user', content: 'Hi' }] },
      response: { id: 'resp_1', output: [{ type: 'message', content: 'Hello!' }] },
      reward: 0.7,
    },
  }),
  '/v1/fine_tuning/alpha/graders/run': foreign({
    operationId: 'runGrader',
    summary: 'Grade a sample (OpenAI)',
    body: {
      grader: {
        type: 'score_model',
        name: 'kind',
        model: 'assay/scores',
        input: [{ role: 'system', content: 'Rate how kind it is.' }],
      },
      model_sample: 'Hello!',
    },
    reply: { reward: 0.82, sub_rewards: {}, metadata: { name: 'kind', type: 'score_model' } },
  }),
  '/v1/fine_tuning/alpha/graders/validate': foreign({
    operationId: 'validateGrader',
    summary: 'Check a grader (OpenAI)',
    body: { grader: { type: 'string_check', name: 'same', operation: 'eq', input: 'a', reference: 'a' } },
    reply: { grader: { type: 'string_check', name: 'same', operation: 'eq', input: 'a', reference: 'a' } },
  }),
  '/v1/responses': foreign({
    operationId: 'createResponse',
    summary: 'A response of a model (OpenAI Responses), whole or streamed',
    body: { model: 'assay/default', input: 'Hi' },
    reply: { object: 'response', status: 'completed', output: [] },
  }),
};
