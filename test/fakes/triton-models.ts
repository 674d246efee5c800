import type { FakeModel, TensorNote } from './triton-server.ts';

/** The four signatures, with a batch dimension where the real models have one. */

export const VLLM_MODEL: FakeModel = {
  name: 'judge',
  decoupled: true,
  inputs: [
    'text_input:BYTES[1]',
    'stream:BOOL[1]',
    'sampling_parameters:BYTES[1]',
    'exclude_input_in_output:BOOL[1]',
    'return_finish_reason:BOOL[1]',
    'return_logprobs:BOOL[1]',
    'return_num_input_tokens:BOOL[1]',
    'return_num_output_tokens:BOOL[1]',
  ],
  outputs: [
    'text_output:BYTES[-1]',
    'finish_reason:BYTES[-1]',
    'logprobs:BYTES[-1]',
    'num_input_tokens:UINT32[1]',
    'num_output_tokens:UINT32[-1]',
  ],
};

const ENSEMBLE_INPUTS: readonly TensorNote[] = [
  'text_input:BYTES[-1,1]',
  'max_tokens:INT32[-1,1]',
  'stop_words:BYTES[-1,-1]',
  'exclude_input_in_output:BOOL[-1,1]',
  'end_id:INT32[-1,1]',
  'top_k:INT32[-1,1]',
  'top_p:FP32[-1,1]',
  'temperature:FP32[-1,1]',
  'stream:BOOL[-1,1]',
  'return_log_probs:BOOL[-1,1]',
  'return_generation_logits:BOOL[-1,1]',
  'return_num_input_tokens:BOOL[-1,1]',
  'return_num_output_tokens:BOOL[-1,1]',
  'embedding_bias_words:BYTES[-1,-1]',
  'embedding_bias_weights:FP32[-1,-1]',
];

/** TensorRT-LLM before 0.17: other names. */
export const OLD_ENSEMBLE: FakeModel = {
  name: 'judge',
  decoupled: false,
  inputs: [
    ...ENSEMBLE_INPUTS,
    'random_seed:UINT64[-1,1]',
    'min_length:INT32[-1,1]',
    'len_penalty:FP32[-1,1]',
  ],
  outputs: [
    'text_output:BYTES[-1,-1]',
    'output_log_probs:FP32[-1,-1,-1]',
    'generation_logits:FP32[-1,-1,-1,-1]',
  ],
};

export const ENSEMBLE: FakeModel = {
  name: 'judge',
  decoupled: false,
  inputs: [
    ...ENSEMBLE_INPUTS,
    'seed:UINT64[-1,1]',
    'min_tokens:INT32[-1,1]',
    'length_penalty:FP32[-1,1]',
    'guided_decoding_guide_type:BYTES[-1,1]',
    'guided_decoding_guide:BYTES[-1,1]',
  ],
  outputs: [...OLD_ENSEMBLE.outputs, 'num_input_tokens:INT32[-1,1]', 'num_output_tokens:INT32[-1,1]'],
};

export const BLS: FakeModel = { ...ENSEMBLE, decoupled: true, parameters: { accumulate_tokens: 'true' } };

export const LLMAPI: FakeModel = {
  name: 'judge',
  decoupled: true,
  inputs: [
    'text_input:BYTES[-1]',
    'streaming:BOOL[1]',
    'sampling_param_temperature:FP32[1]',
    'sampling_param_top_p:FP32[1]',
    'sampling_param_max_tokens:INT32[1]',
    'sampling_param_stop:BYTES[-1]',
    'sampling_param_seed:UINT64[1]',
    'sampling_param_exclude_input_from_output:BOOL[1]',
    'return_finish_reason:BOOL[1]',
  ],
  outputs: ['text_output:BYTES[-1]', 'finish_reason:BYTES[-1]', 'cumulative_logprob:FP32[-1]'],
};
