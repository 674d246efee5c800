import type { Backend } from '../backend.ts';
import { maxTokensOf, type Sampling, type SamplingField, stopsOf } from '../sampling.ts';

const FIELDS: ReadonlySet<SamplingField> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'max_tokens',
  'max_completion_tokens',
  'min_tokens',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'ignore_eos',
  'bad_words',
  'stop_token_ids',
  'allowed_token_ids',
  'logit_bias',
  'skip_special_tokens',
  'n',
  'logprobs',
  'top_logprobs',
  'response_format',
  'structured_outputs',
]);

/** Triton's vllm_backend: always decoupled, no batch dimension, vLLM's SamplingParams as JSON text. */
export const vllm: Backend = {
  required: { inputs: ['text_input', 'stream', 'sampling_parameters'], outputs: ['text_output'] },
  samplingFields: () => FIELDS,
  textRequest: (sampling) => ({
    values: {
      stream: true,
      sampling_parameters: JSON.stringify(toSamplingParams(sampling)),
      exclude_input_in_output: true,
      return_finish_reason: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
      return_logprobs: logprobCount(sampling) === undefined ? undefined : true,
    },
    outputs: ['text_output', 'finish_reason', 'num_input_tokens', 'num_output_tokens', 'logprobs'],
  }),
  readPiece(reply) {
    const reason = reply.text('finish_reason');
    return {
      text: reply.text('text_output'),
      // Python's None as text, until the last reply.
      finishReason: reason === 'None' ? null : reason,
      inputTokens: reply.number('num_input_tokens'),
      outputTokens: reply.number('num_output_tokens'),
      logprobs: reply.text('logprobs'),
    };
  },
  countsWholeAnswer: false,
  tellsFinishReason: ({ inputs, outputs }) =>
    inputs.has('return_finish_reason') && outputs.has('finish_reason'),
  labelRoutes: ({ inputs, outputs }, knowsTokens) => {
    if (!inputs.has('return_logprobs') || !outputs.has('logprobs')) return [];
    return knowsTokens ? ['label_ids', 'top_logprobs'] : ['top_logprobs'];
  },
};

/** vLLM's own names; `undefined` leaves a field out of the JSON. */
function toSamplingParams(sampling: Sampling): Readonly<Record<string, unknown>> {
  const {
    n: _,
    max_completion_tokens: __,
    top_logprobs: ___,
    response_format: format,
    structured_outputs: structured,
    ...same
  } = sampling;
  const constraint = structured ?? toStructuredOutputs(format);
  return {
    ...same,
    stop: stopsOf(sampling),
    max_tokens: maxTokensOf(sampling),
    logprobs: logprobCount(sampling),
    // The backend wants this one as a JSON text inside the JSON.
    structured_outputs: constraint === undefined ? undefined : JSON.stringify(constraint),
  };
}

function toStructuredOutputs(format: Sampling['response_format']): object | undefined {
  if (format?.type === 'json_object') return { json_object: true };
  return format?.type === 'json_schema' ? { json: format.json_schema.schema } : undefined;
}

/** Chat requests say `logprobs: true, top_logprobs: k`, completions `logprobs: k`. */
function logprobCount({ logprobs, top_logprobs: top }: Sampling): number | undefined {
  if (logprobs === undefined || logprobs === false) return undefined;
  return logprobs === true ? (top ?? 0) : logprobs;
}
