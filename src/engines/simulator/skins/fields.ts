import { badRequest } from '../api-error.ts';
import type { JsonFields } from '../json-body.ts';

/** Pieces that the skins read requests with. */

/** The fields without those that the engine does not know and ignores. */
export function without(fields: JsonFields, ignored: ReadonlySet<string>): JsonFields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !ignored.has(field)));
}

/** Fields that only vLLM knows. */
export const OF_VLLM: readonly string[] = [
  'add_special_tokens',
  'allowed_token_ids',
  'bad_words',
  'include_stop_str_in_output',
  'logprob_token_ids',
  'prompt_logprobs',
  'return_token_ids',
  'return_tokens_as_token_ids',
  'structured_outputs',
];

/** Engines that take any temperature: what is hotter than the toy model knows is played as hot as it can. */
export function cooled(fields: JsonFields): JsonFields {
  const { temperature } = fields;
  return typeof temperature === 'number' && temperature > 2 ? { ...fields, temperature: 2 } : fields;
}

/** Engines that give several greedy answers, which are all alike: vLLM refuses them, so they are played as nearly greedy. */
export function nearlyGreedy(fields: JsonFields): JsonFields {
  const { temperature, n } = fields;
  return temperature === 0 && typeof n === 'number' && n > 1 ? { ...fields, temperature: 0.001 } : fields;
}

/** A text field of an endpoint; refuses anything else. */
export function textField(fields: JsonFields, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string') throw badRequest(`${field} must be a string`, field);
  return value;
}
