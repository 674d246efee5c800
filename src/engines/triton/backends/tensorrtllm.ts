import type { LogprobRoute } from '../../../domain/distribution.ts';
import type { Backend } from '../backend.ts';
import { fieldsWithTensors, maxTokensOf, type Sampling, type SamplingField, stopsOf } from '../sampling.ts';
import type { ModelSignature } from '../signature.ts';
import type { TensorValue } from '../tensor.ts';

/** Sampling field -> the tensor that it needs. */
const TENSOR_OF: Partial<Record<SamplingField, string>> = {
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  max_tokens: 'max_tokens',
  max_completion_tokens: 'max_tokens',
  min_tokens: 'min_tokens',
  stop: 'stop_words',
  bad_words: 'bad_words',
  seed: 'seed',
  presence_penalty: 'presence_penalty',
  frequency_penalty: 'frequency_penalty',
  repetition_penalty: 'repetition_penalty',
  length_penalty: 'length_penalty',
  ignore_eos: 'end_id',
  response_format: 'guided_decoding_guide',
  n: 'max_tokens',
};

/** No token has this id, so none ends the answer. */
const NO_END = -1;

/**
 * TensorRT-LLM's `ensemble` and `tensorrt_llm_bls`: one tensor per sampling parameter. They differ in what
 * the signature tells: whether the model streams, and whether it repeats the text so far.
 */
export const tensorrtllm: Backend = {
  required: { inputs: ['text_input', 'max_tokens'], outputs: ['text_output'] },
  samplingFields: ({ inputs }) => fieldsWithTensors(TENSOR_OF, inputs),
  textRequest: (sampling, signature) => ({
    values: {
      ...toTensors(sampling),
      stream: signature.decoupled ? true : undefined,
      exclude_input_in_output: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
    },
    outputs: ['text_output', 'num_input_tokens', 'num_output_tokens'],
  }),
  readPiece: (reply) => ({
    text: reply.text('text_output'),
    finishReason: null,
    inputTokens: reply.number('num_input_tokens'),
    outputTokens: reply.number('num_output_tokens'),
    logprobs: null,
  }),
  countsWholeAnswer: true,
  tellsFinishReason: () => false,
  labelRoutes(signature, knowsTokens) {
    const routes: LogprobRoute[] = [];
    if (knowsTokens && hasLogits(signature)) routes.push('generation_logits');
    if (hasForcing(signature)) routes.push('forced');
    return routes;
  },
};

function hasLogits({ inputs, outputs }: ModelSignature): boolean {
  return inputs.has('return_generation_logits') && outputs.has('generation_logits');
}

function hasForcing({ inputs, outputs }: ModelSignature): boolean {
  return (
    inputs.has('embedding_bias_words') &&
    inputs.has('embedding_bias_weights') &&
    inputs.has('return_log_probs') &&
    outputs.has('output_log_probs')
  );
}

function toTensors(sampling: Sampling): Record<string, TensorValue | undefined> {
  const { temperature, response_format: format } = sampling;
  // Temperature 0 is not defined here; the one most likely token is what it means.
  const isGreedy = temperature === 0;
  return {
    max_tokens: maxTokensOf(sampling),
    temperature: isGreedy ? undefined : temperature,
    top_k: isGreedy ? 1 : sampling.top_k,
    top_p: isGreedy ? undefined : (sampling.top_p ?? everyToken(sampling)),
    min_tokens: sampling.min_tokens,
    stop_words: stopsOf(sampling),
    bad_words: sampling.bad_words,
    seed: sampling.seed,
    presence_penalty: sampling.presence_penalty,
    frequency_penalty: sampling.frequency_penalty,
    repetition_penalty: sampling.repetition_penalty,
    length_penalty: sampling.length_penalty,
    end_id: sampling.ignore_eos === true ? NO_END : undefined,
    guided_decoding_guide_type: guideType(format),
    guided_decoding_guide:
      format?.type === 'json_schema' ? JSON.stringify(format.json_schema.schema) : undefined,
  };
}

/** Without a limit on the tokens TensorRT-LLM takes the likeliest one, whatever the temperature. */
function everyToken({ temperature, top_k: topK }: Sampling): number | undefined {
  return temperature === undefined || topK !== undefined ? undefined : 1;
}

function guideType(format: Sampling['response_format']): string | undefined {
  if (format?.type === 'json_object') return 'json';
  return format?.type === 'json_schema' ? 'json_schema' : undefined;
}
