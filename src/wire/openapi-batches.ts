import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import type { ErrorCode } from '../domain/errors.ts';
import { batchListSchema, batchQueryFields, batchRequestSchema, batchSchema } from './batch.ts';
import {
  deletedFileSchema,
  fileListSchema,
  fileQueryFields,
  fileSchema,
  uploadFieldsSchema,
} from './file.ts';
import { BODY_FAILURES, COMMON_FAILURES, failures } from './openapi-failures.ts';

/** OpenAI files and batches in the API description. */
const JSON_TYPE = 'application/json';
const STORAGE_FAILURES = ['storage_missing', 'storage_unavailable'] as const;

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly schema: z.ZodType;
  readonly failures?: readonly ErrorCode[];
}

export function storedOperation(described: Described): ZodOpenApiOperationObject {
  const { operationId, summary, description, schema } = described;
  return {
    operationId,
    tags: ['openai'],
    summary,
    ...(description === undefined ? {} : { description }),
    responses: {
      '200': { description: summary, content: { [JSON_TYPE]: { schema } } },
      ...failures([...(described.failures ?? []), ...COMMON_FAILURES, ...STORAGE_FAILURES]),
    },
  };
}

const filePath = z.object({ id: z.string().meta({ example: 'file-5ktoa7r21ngbq8o4dv60mnk371' }) });
const batchPath = z.object({ id: z.string().meta({ example: 'batch_5ktoa7r21ngbq8o4dv60mnk371' }) });

const upload: ZodOpenApiOperationObject = {
  ...storedOperation({
    operationId: 'createFile',
    summary: 'Upload a file',
    description: 'Streamed into the database; the answer says that all of it is kept.',
    schema: fileSchema,
    failures: BODY_FAILURES,
  }),
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: uploadFieldsSchema.extend({ file: z.string().meta({ format: 'binary' }) }),
      },
    },
  },
};

const content: ZodOpenApiOperationObject = {
  operationId: 'downloadFile',
  tags: ['openai'],
  summary: 'The bytes of a file',
  requestParams: { path: filePath },
  responses: {
    '200': { description: 'The bytes', content: { 'application/octet-stream': { schema: z.string() } } },
    ...failures(['not_found', ...COMMON_FAILURES, ...STORAGE_FAILURES]),
  },
};

const create: ZodOpenApiOperationObject = {
  ...storedOperation({
    operationId: 'createBatch',
    summary: 'Make the calls of a file, line by line, while nobody waits',
    description:
      'Each line is `{"custom_id", "method": "POST", "url", "body"}`; its call is answered as if it came by itself. ' +
      'A file with a line that cannot be read makes the batch `failed`, with all such lines in `errors`.',
    schema: batchSchema,
    failures: BODY_FAILURES,
  }),
  requestBody: { required: true, content: { [JSON_TYPE]: { schema: batchRequestSchema } } },
};

export const batchPaths: ZodOpenApiPathsObject = {
  '/v1/files': {
    post: upload,
    get: {
      ...storedOperation({
        operationId: 'listFiles',
        summary: "Your team's files",
        schema: fileListSchema,
        failures: ['invalid_request'],
      }),
      requestParams: { query: z.object(fileQueryFields) },
    },
  },
  '/v1/files/{id}': {
    get: {
      ...storedOperation({
        operationId: 'retrieveFile',
        summary: 'One file',
        schema: fileSchema,
        failures: ['not_found'],
      }),
      requestParams: { path: filePath },
    },
    delete: {
      ...storedOperation({
        operationId: 'deleteFile',
        summary: 'Delete a file; batches that have begun go on',
        schema: deletedFileSchema,
        failures: ['not_found'],
      }),
      requestParams: { path: filePath },
    },
  },
  '/v1/files/{id}/content': { get: content },
  '/v1/batches': {
    post: create,
    get: {
      ...storedOperation({
        operationId: 'listBatches',
        summary: "Your team's batches, the newest first",
        schema: batchListSchema,
        failures: ['invalid_request'],
      }),
      requestParams: { query: z.object(batchQueryFields) },
    },
  },
  '/v1/batches/{id}': {
    get: {
      ...storedOperation({
        operationId: 'retrieveBatch',
        summary: 'One batch',
        schema: batchSchema,
        failures: ['not_found'],
      }),
      requestParams: { path: batchPath },
    },
  },
  '/v1/batches/{id}/cancel': {
    post: {
      ...storedOperation({
        operationId: 'cancelBatch',
        summary: 'Ask no further line: what is under way ends, and what has ended stays',
        schema: batchSchema,
        failures: ['not_found', 'conflict'],
      }),
      requestParams: { path: batchPath },
    },
  },
};
