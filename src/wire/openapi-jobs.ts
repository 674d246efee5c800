import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import type { JobCommand } from '../domain/job.ts';
import { jobListSchema, jobResultSchema, jobSchema, submissionSchema } from './job.ts';
import { commandBodySchema, jobBodySchema, jobQueryFields } from './job-request.ts';
import { BODY_FAILURES, COMMON_FAILURES, failures } from './openapi-failures.ts';

/** Durable jobs in the API description. */
const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/jsonl';

const STORAGE_FAILURES = ['storage_missing', 'storage_unavailable'] as const;
const jobPath = z.object({ id: z.string().meta({ example: 'job_5ktoa7r21ngbq8o4dv60mnk371' }) });

const submit: ZodOpenApiOperationObject = {
  operationId: 'submitJob',
  tags: ['jobs'],
  summary: 'Hand in items to be judged while nobody waits',
  description:
    'Items as JSONL, streamed in with the settings as query parameters, or as a JSON body that holds both. 202 says that ' +
    'all of them are kept: each ends exactly once, as a label or with the reason why there is none. Lines that cannot be ' +
    'read are in the report and end as `invalid_item`, unless the job is `strict`.',
  requestParams: {
    query: z.object(jobQueryFields),
    header: z.object({
      'idempotency-key': z.string().max(255).optional().meta({
        description: 'Your name for this submission: the same key and body again give the same job.',
      }),
    }),
  },
  requestBody: {
    required: true,
    content: {
      [LINES_TYPE]: { schema: z.string().meta({ description: 'One item per line, at most 256 KiB each.' }) },
      [JSON_TYPE]: { schema: jobBodySchema },
    },
  },
  responses: {
    '202': { description: 'The job', content: { [JSON_TYPE]: { schema: submissionSchema } } },
    ...failures([
      ...BODY_FAILURES,
      ...COMMON_FAILURES,
      ...STORAGE_FAILURES,
      'conflict',
      'idempotency_mismatch',
    ]),
  },
};

const list: ZodOpenApiOperationObject = {
  operationId: 'listJobs',
  tags: ['jobs'],
  summary: "Your team's jobs, the newest first",
  requestParams: {
    query: z.object({
      after: z.string().optional().meta({ description: 'Id of the last job seen.' }),
      limit: z.int().min(1).max(100).optional(),
    }),
  },
  responses: {
    '200': { description: 'Jobs', content: { [JSON_TYPE]: { schema: jobListSchema } } },
    ...failures([...COMMON_FAILURES, ...STORAGE_FAILURES, 'invalid_request']),
  },
};

const find: ZodOpenApiOperationObject = {
  operationId: 'getJob',
  tags: ['jobs'],
  summary: 'How far a job is, what it has cost, when it will end',
  requestParams: { path: jobPath },
  responses: {
    '200': { description: 'The job', content: { [JSON_TYPE]: { schema: jobSchema } } },
    ...failures([...COMMON_FAILURES, ...STORAGE_FAILURES, 'not_found']),
  },
};

const results: ZodOpenApiOperationObject = {
  operationId: 'getJobResults',
  tags: ['jobs'],
  summary: 'The results as JSONL, also while the job runs',
  description:
    'In the order of the items it ends, or waits, before the first item that has no end yet. An answer that is cut off ' +
    'was not complete: ask again with `after`.',
  requestParams: {
    path: jobPath,
    query: z.object({
      order: z.enum(['item', 'finished']).optional(),
      after: z.int().optional().meta({
        description: '`index` of the last result seen, or in the order `finished` its `sequence`.',
      }),
      follow: z.boolean().optional().meta({ description: 'Go on until the job has ended.' }),
    }),
  },
  responses: {
    '200': { description: 'One result per line', content: { [LINES_TYPE]: { schema: jobResultSchema } } },
    ...failures([...COMMON_FAILURES, ...STORAGE_FAILURES, 'invalid_request', 'not_found']),
  },
};

const events: ZodOpenApiOperationObject = {
  operationId: 'watchJob',
  tags: ['jobs'],
  summary: 'The job whenever it went on, as server-sent events',
  description:
    'Events are named `progress`, and the last one after the state in which the job ended. `Last-Event-ID` leaves out ' +
    'what was seen.',
  requestParams: { path: jobPath },
  responses: {
    '200': { description: 'Jobs', content: { 'text/event-stream': { schema: jobSchema } } },
    ...failures([...COMMON_FAILURES, ...STORAGE_FAILURES, 'not_found']),
  },
};

function act(command: JobCommand, operationId: string, summary: string): ZodOpenApiOperationObject {
  return {
    operationId,
    tags: ['jobs'],
    summary,
    requestParams: { path: jobPath },
    ...(command === 'retry-failed'
      ? { requestBody: { content: { [JSON_TYPE]: { schema: commandBodySchema } } } }
      : {}),
    responses: {
      '200': { description: 'The job', content: { [JSON_TYPE]: { schema: jobSchema } } },
      ...failures([...COMMON_FAILURES, ...STORAGE_FAILURES, 'not_found', 'conflict', 'invalid_request']),
    },
  };
}

export const jobPaths: ZodOpenApiPathsObject = {
  '/v1/feedback/jobs': { post: submit, get: list },
  '/v1/feedback/jobs/{id}': { get: find },
  '/v1/feedback/jobs/{id}/results': { get: results },
  '/v1/feedback/jobs/{id}/events': { get: events },
  '/v1/feedback/jobs/{id}/cancel': {
    post: act('cancel', 'cancelJob', 'Judge no more: what is under way ends, the rest is skipped'),
  },
  '/v1/feedback/jobs/{id}/pause': { post: act('pause', 'pauseJob', 'Stand still until it is resumed') },
  '/v1/feedback/jobs/{id}/resume': { post: act('resume', 'resumeJob', 'Go on') },
  '/v1/feedback/jobs/{id}/retry-failed': {
    post: act('retry-failed', 'retryFailedItems', 'Ask again for the items of an ended job that failed'),
  },
};
