import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import type { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import { requestSchemas } from './feedback-request.ts';
import {
  chatRequestSchema,
  completionRequestSchema,
  embeddingsRequestSchema,
  modelSchemas,
} from './openai.ts';
import { outcomesReplySchema, outcomesRequestSchema } from './outcomes.ts';
import { ledgerOperations } from './openapi-ledger.ts';
import { qualityReplySchema } from './quality.ts';
import { feedbackReplySchema } from './verdict.ts';
import {
  CHAT_EXAMPLE,
  COMPLETION_EXAMPLE,
  OUTCOMES_EXAMPLE,
  PREFERENCES_EXAMPLE,
  PREFERENCES_REPLY_EXAMPLE,
  CRITIQUES_EXAMPLE,
  RANKINGS_EXAMPLE,
  SCORES_EXAMPLE,
} from './openapi-examples.ts';
import { BODY_FAILURES, COMMON_FAILURES, failures } from './openapi-failures.ts';
import { backgroundPaths } from './openapi-background.ts';
import { batchPaths } from './openapi-batches.ts';
import { jobPaths } from './openapi-jobs.ts';
import { callHeaders, engineReplySchema, modelPath, policyPath, statusSchema } from './openapi-parts.ts';
import { trainerPaths } from './openapi-trainers.ts';

/** The description of the public API, made from the very schemas that check the requests. */
export function openApiDocument({
  version,
}: {
  readonly version: string;
}): Readonly<Record<string, unknown>> {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Assay',
      version,
      description:
        'The gateway for AI feedback: preference labels with their probabilities, their price and their history.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    tags: [
      { name: 'feedback' },
      { name: 'jobs' },
      { name: 'openai' },
      { name: 'trainers' },
      { name: 'operations' },
    ],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An Assay API key: `assay_<id>_<secret>`.' },
      },
    },
    paths: {
      '/v1/feedback/preferences': { post: preferences },
      '/v1/feedback/scores': { post: scores },
      '/v1/feedback/critiques': { post: critiques },
      '/v1/feedback/rankings': { post: rankings },
      '/v1/feedback/outcomes': { post: outcomes },
      '/v1/feedback/policies/{name}': { get: policyQuality },
      '/v1/feedback/verdicts/{id}': { get: ledger.verdict },
      '/v1/feedback/costs': { get: ledger.costs },
      '/v1/feedback/budget': { get: ledger.budget },
      ...jobPaths,
      '/v1/chat/completions': { post: generation('Chat completion', chatRequestSchema, CHAT_EXAMPLE) },
      '/v1/completions': { post: generation('Text completion', completionRequestSchema, COMPLETION_EXAMPLE) },
      '/v1/embeddings': { post: embeddings },
      ...batchPaths,
      ...backgroundPaths,
      ...trainerPaths,
      '/v1/models': { get: modelList },
      '/v1/models/{id}': { get: oneModel },
      '/healthz': { get: operation('The process is alive', []) },
      '/readyz': { get: operation('Every engine has a ready replica', [503]) },
    },
  });
  return { ...document };
}

const JSON_TYPE = 'application/json';

const ENGINE_FAILURES: readonly ErrorCode[] = ['model_not_found', 'engine_error', 'engine_unavailable'];

/** One call for each kind of feedback, with the same frame. */
function feedback(
  kind: keyof typeof requestSchemas,
  { operationId, summary, example, reply }: FeedbackCall,
): ZodOpenApiOperationObject {
  const replyExample = reply === undefined ? {} : { example: reply };
  return {
    operationId,
    tags: ['feedback'],
    summary,
    description:
      'One verdict per item, in the order of the items. An item that cannot be judged comes back with a typed ' +
      'outcome and `label: null`; it never fails its neighbours.',
    requestParams: { header: callHeaders },
    requestBody: {
      required: true,
      content: { [JSON_TYPE]: { schema: requestSchemas[kind], example } },
    },
    responses: {
      '200': {
        description: 'Verdicts',
        content: { [JSON_TYPE]: { schema: feedbackReplySchema, ...replyExample } },
      },
      ...failures([...BODY_FAILURES, ...COMMON_FAILURES, 'deadline_exceeded']),
    },
  };
}

interface FeedbackCall {
  readonly operationId: string;
  readonly summary: string;
  readonly example: unknown;
  readonly reply?: unknown;
}

const preferences = feedback('preference', {
  operationId: 'judgePreferences',
  summary: 'Judge pairs of responses',
  example: PREFERENCES_EXAMPLE,
  reply: PREFERENCES_REPLY_EXAMPLE,
});

const scores = feedback('score', {
  operationId: 'scoreResponses',
  summary: 'Score responses by the criteria of a rubric',
  example: SCORES_EXAMPLE,
});

const critiques = feedback('critique', {
  operationId: 'criticiseResponses',
  summary: 'Criticise responses by principles, and revise them',
  example: CRITIQUES_EXAMPLE,
});

const rankings = feedback('ranking', {
  operationId: 'rankResponses',
  summary: 'Rank a group of responses by comparing pairs of them',
  example: RANKINGS_EXAMPLE,
});

const outcomes: ZodOpenApiOperationObject = {
  operationId: 'recordOutcomes',
  tags: ['feedback'],
  summary: 'Bring in gold labels for verdicts already given',
  description:
    'They feed the estimate of how often labels are what people say. The newest 50,000 verdicts of this gateway can be found.',
  requestBody: {
    required: true,
    content: { [JSON_TYPE]: { schema: outcomesRequestSchema, example: OUTCOMES_EXAMPLE } },
  },
  responses: {
    '200': {
      description: 'One receipt per label',
      content: { [JSON_TYPE]: { schema: outcomesReplySchema } },
    },
    ...failures([...BODY_FAILURES, ...COMMON_FAILURES]),
  },
};

const policyQuality: ZodOpenApiOperationObject = {
  operationId: 'getPolicyQuality',
  tags: ['feedback'],
  summary: 'What is proven of the labels that your team gets from a policy, stratum by stratum',
  requestParams: { path: policyPath },
  responses: {
    '200': { description: 'The policy', content: { [JSON_TYPE]: { schema: qualityReplySchema } } },
    ...failures([...COMMON_FAILURES, 'invalid_request']),
  },
};

const ledger = ledgerOperations(
  failures([...COMMON_FAILURES, 'invalid_request', 'not_found', 'storage_missing', 'storage_unavailable']),
);

function generation(summary: string, schema: z.ZodType, example: unknown): ZodOpenApiOperationObject {
  return {
    operationId: schema === chatRequestSchema ? 'createChatCompletion' : 'createCompletion',
    tags: ['openai'],
    summary,
    description:
      'The engine answers in its own words: the reply is as OpenAI describes it, and the header ' +
      '`x-assay-engine` names who wrote it. A stream that breaks ends with `data: {"error":…}` and without ' +
      '`[DONE]`. Comments (`: keep-alive`) fill silences.',
    requestParams: { header: callHeaders },
    requestBody: { required: true, content: { [JSON_TYPE]: { schema, example } } },
    responses: {
      '200': {
        description: 'The reply, or its chunks as server-sent events',
        content: { [JSON_TYPE]: { schema: engineReplySchema }, 'text/event-stream': {} },
      },
      ...failures([...BODY_FAILURES, ...COMMON_FAILURES, ...ENGINE_FAILURES, 'deadline_exceeded']),
    },
  };
}

const embeddings: ZodOpenApiOperationObject = {
  operationId: 'createEmbeddings',
  tags: ['openai'],
  summary: 'Embeddings',
  requestParams: { header: callHeaders },
  requestBody: {
    required: true,
    content: {
      [JSON_TYPE]: {
        schema: embeddingsRequestSchema,
        example: { model: 'small-vllm', input: 'a text' },
      },
    },
  },
  responses: {
    '200': { description: 'The reply', content: { [JSON_TYPE]: { schema: engineReplySchema } } },
    ...failures([...BODY_FAILURES, ...COMMON_FAILURES, ...ENGINE_FAILURES, 'deadline_exceeded']),
  },
};

const modelList: ZodOpenApiOperationObject = {
  operationId: 'listModels',
  tags: ['openai'],
  summary: 'Names that a request may use as its model',
  responses: {
    '200': {
      description: 'Policies, engines and served models',
      content: { [JSON_TYPE]: { schema: modelSchemas.list } },
    },
    ...failures(COMMON_FAILURES),
  },
};

const oneModel: ZodOpenApiOperationObject = {
  operationId: 'retrieveModel',
  tags: ['openai'],
  summary: 'One model by name; a slash in it may be percent-encoded or not',
  requestParams: { path: modelPath },
  responses: {
    '200': { description: 'The model', content: { [JSON_TYPE]: { schema: modelSchemas.one } } },
    ...failures([...COMMON_FAILURES, 'model_not_found']),
  },
};

function operation(summary: string, alsoAnswers: readonly number[]): ZodOpenApiOperationObject {
  const answer: ZodOpenApiResponseObject = {
    description: summary,
    content: { [JSON_TYPE]: { schema: statusSchema } },
  };
  return {
    tags: ['operations'],
    summary,
    security: [],
    responses: Object.fromEntries([200, ...alsoAnswers].map((status) => [String(status), answer])),
  };
}
