import { z } from 'zod';
import { integer } from './json-body.ts';

/** Request fields that chat and completions share. Fields that are not listed are ignored, as vLLM does. */
export const samplingFields = {
  model: z.string().nullish(),
  max_tokens: integer.nullish(),
  min_tokens: integer.nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: integer.nullish(),
  n: integer.nullish(),
  seed: integer.nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  stop_token_ids: z.array(integer).nullish(),
  include_stop_str_in_output: z.boolean().nullish(),
  ignore_eos: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  allowed_token_ids: z.array(integer).nullish(),
  bad_words: z.array(z.string()).nullish(),
  prompt_logprobs: integer.nullish(),
  logprob_token_ids: z.array(integer).nullish(),
  priority: integer.nullish(),
  cache_salt: z.string().nullish(),
  return_tokens_as_token_ids: z.boolean().nullish(),
  return_token_ids: z.boolean().nullish(),
  add_special_tokens: z.boolean().nullish(),
  structured_outputs: z
    .looseObject({
      choice: z.array(z.string()).nullish(),
      json: z.json().nullish(),
      json_object: z.boolean().nullish(),
      regex: z.string().nullish(),
      grammar: z.string().nullish(),
      structural_tag: z.string().nullish(),
    })
    .nullish(),
  response_format: z
    .looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.json().optional() }).nullish() })
    .nullish(),
};
const samplingSchema = z.object(samplingFields);
export type SamplingFields = z.output<typeof samplingSchema>;
