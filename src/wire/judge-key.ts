import { z } from 'zod';
import type { JudgeKey } from '../domain/judge-key.ts';

/** Judge keys as files and replies show them. */
export const judgeKeySchema = z
  .strictObject({
    id: z.string().regex(/^jdg_[0-9a-f]{16}$/),
    model: z.string(),
    precision: z.string().nullable(),
    prompt: z.string(),
    prompt_hash: z.string(),
    orders: z.enum(['one', 'both']),
    route: z.enum(['label_ids', 'top_logprobs', 'generation_logits', 'forced']).nullable(),
    engine: z.string(),
    fingerprint: z.string().nullable(),
  })
  .meta({ id: 'JudgeKey' });

export function renderKey({ id, parts }: JudgeKey): z.output<typeof judgeKeySchema> {
  const { promptHash, ...same } = parts;
  return { id, ...same, prompt_hash: promptHash };
}

export function toKey({ id, prompt_hash: promptHash, ...same }: z.output<typeof judgeKeySchema>): JudgeKey {
  return { id, parts: { ...same, promptHash } };
}
