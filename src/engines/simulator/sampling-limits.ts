import { badParameter, badRequest, invalidBody } from './api-error.ts';
import type { SamplingFields } from './sampling-fields.ts';
import { VOCABULARY_SIZE } from './vocabulary.ts';

/** As by `--max-logprobs`. */
const MOST_PROMPT_LOGPROBS = 20;
/** vLLM's bound on `logprob_token_ids`. */
const MOST_LABEL_IDS = 128;
const MOST_ANSWERS = 16_384;

interface Limit {
  readonly field: 'temperature' | 'top_p' | 'top_k' | 'n';
  readonly admits: (value: number) => boolean;
  readonly rule: string;
  /** Python prints it with a decimal point. */
  readonly isFloat: boolean;
}

const LIMITS: readonly Limit[] = [
  { field: 'temperature', admits: (x) => x >= 0 && x <= 2, rule: 'in [0, 2]', isFloat: true },
  { field: 'top_p', admits: (x) => x > 0 && x <= 1, rule: 'in (0, 1]', isFloat: true },
  { field: 'top_k', admits: (x) => x >= -1, rule: '0 (disable), or at least 1', isFloat: false },
  { field: 'n', admits: (x) => x >= 1, rule: 'at least 1', isFloat: false },
  { field: 'n', admits: (x) => x <= MOST_ANSWERS, rule: `at most ${MOST_ANSWERS}`, isFloat: false },
];

/** Refuses values out of range and fields that exclude each other, with vLLM's texts. */
export function checkLimits(fields: SamplingFields): void {
  for (const { field, admits, rule, isFloat } of LIMITS) {
    const value = fields[field];
    if (value === null || value === undefined || admits(value)) continue;
    const shown = isFloat && Number.isInteger(value) ? value.toFixed(1) : String(value);
    throw badParameter(`${field} must be ${rule}, got ${shown}.`, field, shown);
  }
  checkCombinations(fields);
  checkPromptLogprobs(fields);
  checkVocabulary('allowed_token_ids', fields.allowed_token_ids ?? []);
}

function checkCombinations({
  n,
  temperature,
  cache_salt: salt,
  stream_options,
  stream,
}: SamplingFields): void {
  if (typeof n === 'number' && n > 1 && temperature === 0) {
    throw badParameter(`n must be 1 when using greedy sampling, got ${n}.`, 'n', n);
  }
  if (salt === '') {
    throw invalidBody(["Value error, Parameter 'cache_salt' must be a non-empty string if provided."], null);
  }
  if (stream_options && stream !== true) {
    throw badRequest('Stream options can only be defined when `stream=True`.', 'stream_options');
  }
}

function checkPromptLogprobs({ prompt_logprobs: count, stream }: SamplingFields): void {
  if (count === null || count === undefined) return;
  if (stream === true) {
    throw badRequest('`prompt_logprobs` are not available when `stream=True`.', 'prompt_logprobs');
  }
  if (count < 0 || count > MOST_PROMPT_LOGPROBS) throw tooMany('prompt', count, MOST_PROMPT_LOGPROBS);
}

/** Refuses to list more likely tokens than the server gives. */
export function checkLogprobs(count: number, most: number): void {
  if (count < 0 || count > most) throw tooMany('sample', count, most);
}

function tooMany(kind: 'sample' | 'prompt', asked: number, most: number): Error {
  const count = asked < 0 ? VOCABULARY_SIZE : asked;
  const param = kind === 'sample' ? 'logprobs' : 'prompt_logprobs';
  const message = `Requested ${kind} logprobs of ${count}, which is greater than max allowed: ${most}`;
  return badParameter(message, param, count);
}

/** Refuses lists of label tokens that vLLM refuses. */
export function checkLabelIds(ids: readonly number[]): void {
  if (ids.length > MOST_LABEL_IDS) {
    const message = `Requested logprob_token_ids of length ${ids.length}, which is greater than max allowed: ${MOST_LABEL_IDS}`;
    throw badParameter(message, 'logprob_token_ids', ids.length);
  }
  checkVocabulary('logprob_token_ids', ids);
}

function checkVocabulary(field: string, ids: readonly number[]): void {
  const outside = ids.filter((id) => id < 0 || id >= VOCABULARY_SIZE);
  if (outside.length === 0) return;
  const list = `[${outside.join(', ')}]`;
  const message = `token_id(s) ${list} in ${field} contain out-of-vocab token ids. Vocabulary size: ${VOCABULARY_SIZE}`;
  throw badParameter(message, field, list);
}
