import { z } from 'zod';
import { id } from './names.ts';

/** A judge: an engine with a prompt, and how it is asked. */
export const judge = z.strictObject({
  engine: id.describe('Id of the engine that it asks.'),
  prompt: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+(@\d+)?$/)
    .default('preference/label')
    .describe('Prompt template as name or name@version; without a version the newest.'),
  orders: z
    .enum(['both', 'one'])
    .default('both')
    .describe(
      'Ask in both orders and average (cancels position bias), or in one that a hash picks (half the price).',
    ),
  itemsPerPrompt: z
    .int()
    .min(1)
    .max(8)
    .default(1)
    .describe(
      'Most items of one team and rubric that one prompt shows. More than 1 is another judge, and needs a prompt that is made for it (preference/several) and an engine of kind openai.',
    ),
  maxTokens: z
    .int()
    .min(16)
    .max(131_072)
    .default(1024)
    .describe(
      'Longest critique, revision or reasons in tokens, thoughts included; a longer one ends as truncated.',
    ),
  reasoning: z
    .enum(['none', 'brief', 'think'])
    .optional()
    .describe(
      'What comes before a label or score: nothing, reasons that the prompt asks for, or the thoughts of a reasoning model. Default: `brief` with a prompt that has a turn `answer`, such as preference/reasoned; else `none`.',
    ),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe(
      'Of critiques, revisions and reasons; 0 takes the likeliest token each time. Labels and scores are read, not sampled.',
    ),
});
