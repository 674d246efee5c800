import type { Backend } from '../backend.ts';
import { fieldsWithTensors, maxTokensOf, type SamplingField, stopsOf } from '../sampling.ts';

/** Sampling field -> the tensor that it needs. */
const TENSOR_OF: Partial<Record<SamplingField, string>> = {
  temperature: 'sampling_param_temperature',
  top_p: 'sampling_param_top_p',
  top_k: 'sampling_param_top_k',
  max_tokens: 'sampling_param_max_tokens',
  max_completion_tokens: 'sampling_param_max_tokens',
  stop: 'sampling_param_stop',
  seed: 'sampling_param_seed',
  presence_penalty: 'sampling_param_presence_penalty',
  frequency_penalty: 'sampling_param_frequency_penalty',
  n: 'sampling_param_max_tokens',
};

/** TensorRT-LLM's LLM API model in Python: texts only, no token's probability and no guided decoding. */
export const llmapi: Backend = {
  required: { inputs: ['text_input', 'sampling_param_max_tokens'], outputs: ['text_output'] },
  samplingFields: ({ inputs }) => fieldsWithTensors(TENSOR_OF, inputs),
  textRequest: (sampling, { decoupled }) => ({
    values: {
      sampling_param_max_tokens: maxTokensOf(sampling),
      sampling_param_temperature: sampling.temperature,
      sampling_param_top_p: sampling.top_p,
      sampling_param_top_k: sampling.top_k,
      sampling_param_stop: stopsOf(sampling),
      sampling_param_seed: sampling.seed,
      sampling_param_presence_penalty: sampling.presence_penalty,
      sampling_param_frequency_penalty: sampling.frequency_penalty,
      sampling_param_exclude_input_from_output: true,
      streaming: decoupled ? true : undefined,
      return_finish_reason: true,
    },
    outputs: ['text_output', 'finish_reason'],
  }),
  readPiece(reply) {
    const reason = reply.text('finish_reason');
    return {
      text: reply.text('text_output'),
      finishReason: reason === 'None' ? null : reason,
      inputTokens: null,
      outputTokens: null,
      logprobs: null,
    };
  },
  countsWholeAnswer: false,
  tellsFinishReason: ({ inputs, outputs }) =>
    inputs.has('return_finish_reason') && outputs.has('finish_reason'),
  labelRoutes: () => [],
};
