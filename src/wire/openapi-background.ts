import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { storedOperation } from './openapi-batches.ts';
import { backgroundQueryFields } from './responses/background.ts';

/** Responses in the background in the API description; `POST /v1/responses` itself is OpenAI's. */
const path = z.object({ id: z.string().meta({ example: 'resp_5ktoa7r21ngbq8o4dv60mnk371' }) });

const responseSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  })
  .meta({ id: 'Response', description: "OpenAI's Response object." });

const deletedSchema = z.object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) });

export const backgroundPaths: ZodOpenApiPathsObject = {
  '/v1/responses/{id}': {
    get: {
      ...storedOperation({
        operationId: 'retrieveResponse',
        summary: 'A response that was created with `background: true`',
        schema: responseSchema,
        failures: ['invalid_request', 'not_found'],
      }),
      requestParams: { path, query: z.object(backgroundQueryFields) },
    },
    delete: {
      ...storedOperation({
        operationId: 'deleteResponse',
        summary: 'Delete it; one under way is stopped',
        schema: deletedSchema,
        failures: ['not_found'],
      }),
      requestParams: { path },
    },
  },
  '/v1/responses/{id}/cancel': {
    post: {
      ...storedOperation({
        operationId: 'cancelResponse',
        summary: 'Stop it; one that has ended stays as it is',
        schema: responseSchema,
        failures: ['not_found'],
      }),
      requestParams: { path },
    },
  },
};
