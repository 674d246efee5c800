import { z } from 'zod';
import { type Cost, toUsd } from '../domain/cost.ts';

/** What calls cost, as the API shows it: money in dollars. */
export const costSchema = z
  .object({
    usd: z.number().min(0),
    input_tokens: z.int().min(0),
    cached_input_tokens: z.int().min(0).meta({ description: 'Part of `input_tokens`.' }),
    output_tokens: z.int().min(0),
    engine_seconds: z.number().min(0),
  })
  .meta({ id: 'Cost' });

export function renderCost({ nanoUsd, usage, engineSeconds }: Cost): z.infer<typeof costSchema> {
  return {
    usd: toUsd(nanoUsd),
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    engine_seconds: engineSeconds,
  };
}
