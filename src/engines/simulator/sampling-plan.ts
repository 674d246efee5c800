import { badRequest } from './api-error.ts';
import type { GenerationPlan, Stopping } from './generation-plan.ts';
import { hashText } from './hash.ts';
import type { SamplingFields } from './sampling-fields.ts';
import { checkLimits } from './sampling-limits.ts';
import { planConstraint } from './structured-output.ts';
import { tokenize } from './tokenizer.ts';

type CommonPlan = Pick<
  GenerationPlan,
  'n' | 'seed' | 'priority' | 'cacheSalt' | 'rules' | 'stopping' | 'constraint' | 'promptLogprobs'
>;

/** The part of a plan that does not depend on the prompt. Refuses values out of range with vLLM's texts. */
export function planSampling(fields: SamplingFields): CommonPlan {
  checkLimits(fields);
  const temperature = fields.temperature ?? 1;
  return {
    n: fields.n ?? 1,
    // Without a seed the model is deterministic all the same: equal requests have equal answers.
    seed: fields.seed === null || fields.seed === undefined ? 0 : hashText(String(fields.seed)),
    priority: fields.priority ?? 0,
    cacheSalt: fields.cache_salt ?? null,
    rules: {
      temperature,
      topK: fields.top_k ?? 0,
      topP: fields.top_p ?? 1,
      allowed: fields.allowed_token_ids ?? null,
      banned: new Set((fields.bad_words ?? []).map(tokenize).flatMap((ids) => (ids.length === 1 ? ids : []))),
      bias: new Map(Object.entries(fields.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias])),
    },
    stopping: planStopping(fields),
    constraint: planConstraint(fields),
    promptLogprobs: fields.prompt_logprobs ?? null,
  };
}

function planStopping(fields: SamplingFields): Stopping {
  const texts = typeof fields.stop === 'string' ? [fields.stop] : (fields.stop ?? []);
  if (texts.includes('')) throw badRequest('stop cannot contain an empty string.', 'stop');
  return {
    texts,
    tokens: new Set(fields.stop_token_ids),
    includesText: fields.include_stop_str_in_output ?? false,
    ignoresEnd: fields.ignore_eos ?? false,
    minTokens: fields.min_tokens ?? 0,
  };
}
