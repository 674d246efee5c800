import { z } from 'zod';

/** Schemas that only the API description needs. */
export const callHeaders = z.object({
  'x-assay-deadline-ms': z.int().min(1).optional().meta({
    description: "Shortens the policy's deadline for this request, in milliseconds.",
  }),
  'x-assay-priority': z.enum(['interactive', 'trainer', 'batch']).optional().meta({
    description:
      'How urgent it is where calls wait for an engine; default: the most urgent class that the team may use.',
  }),
});

export const modelPath = z.object({ id: z.string().meta({ example: 'assay/default' }) });

export const policyPath = z.object({ name: z.string().meta({ example: 'default' }) });

export const engineReplySchema = z
  .looseObject({})
  .meta({ id: 'EngineReply', description: "The engine's reply in the OpenAI format, untouched." });

export const statusSchema = z
  .looseObject({ status: z.string() })
  .meta({ id: 'Status', description: 'State of the gateway, and of its engines where that matters.' });
