import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { budgetSchema } from './budget.ts';
import { costsQuerySchema, costsReplySchema } from './costs.ts';
import { keptVerdictSchema } from './kept-verdict.ts';

/** The operations that read what was kept; `failures` renders the error answers. */
export function ledgerOperations(failures: ZodOpenApiResponsesObject): {
  readonly verdict: ZodOpenApiOperationObject;
  readonly costs: ZodOpenApiOperationObject;
  readonly budget: ZodOpenApiOperationObject;
} {
  return {
    verdict: {
      operationId: 'getVerdict',
      tags: ['feedback'],
      summary: 'A verdict of your team with its whole trail, also after a restart',
      requestParams: {
        path: z.object({ id: z.string().meta({ example: 'vrd_5ktoa7r21ngbq8o4dv60mnk371' }) }),
      },
      responses: {
        '200': { description: 'The verdict', content: { 'application/json': { schema: keptVerdictSchema } } },
        ...failures,
      },
    },
    budget: {
      operationId: 'getBudget',
      tags: ['feedback'],
      summary: "How your team's limits stand, when they begin anew, and when they will be used up",
      responses: {
        '200': {
          description: 'One entry for each limit',
          content: { 'application/json': { schema: budgetSchema } },
        },
        ...failures,
      },
    },
    costs: {
      operationId: 'getCosts',
      tags: ['feedback'],
      summary: 'What your team spent, per label and fully loaded',
      requestParams: { query: costsQuerySchema },
      responses: {
        '200': {
          description: 'One line for each group',
          content: { 'application/json': { schema: costsReplySchema } },
        },
        ...failures,
      },
    },
  };
}
