import * as grpc from '@grpc/grpc-js';
import type { GRPCInferenceServiceHandlers } from '../../src/engines/triton/generated/inference/GRPCInferenceService.ts';
import type { ModelInferRequest__Output } from '../../src/engines/triton/generated/inference/ModelInferRequest.ts';
import type { ModelInferResponse } from '../../src/engines/triton/generated/inference/ModelInferResponse.ts';
import { loadKserve } from '../../src/engines/triton/kserve.ts';
import { VLLM_MODEL } from '../fakes/triton-models.ts';
import { texts, uint32 } from '../fakes/triton-tensors.ts';
import { isBetterFirst, probabilityOf } from './opinion.ts';
import { STUB_MODEL } from './planted.ts';
import { tokenize } from './stub-tokens.ts';

/**
 * The fast stub behind KServe v2 over gRPC, a process of its own: a model of vllm_backend that has the
 * opinion of `stub.ts` and answers each request at once with one token and the label log-probabilities.
 */
const LABELS = ['A', ' A', 'B', ' B', 'C', ' C'];
const REPLIES = { betterFirst: replyOf('A', true), worseFirst: replyOf('B', false) };

function replyOf(said: string, betterFirst: boolean): ModelInferResponse {
  // The sampled token is the first key.
  const listed = [said, ...LABELS.filter((label) => label !== said)].map((text, at) => {
    const entry = { logprob: Math.log(probabilityOf(text, betterFirst)), rank: at + 1, decoded_token: text };
    return `"${tokenize(text).join('')}": ${JSON.stringify(entry)}`;
  });
  const tensors = [
    texts('text_output', said),
    texts('finish_reason', 'length'),
    texts('logprobs', `[{${listed.join(', ')}}]`),
    uint32('num_input_tokens', 512),
    uint32('num_output_tokens', 1),
  ];
  return {
    model_name: STUB_MODEL,
    model_version: '1',
    parameters: { triton_final_response: { bool_param: true } },
    outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    raw_output_contents: tensors.map(({ data }) => data),
  };
}

/** The model knows labels by their texts alone, as without a tokenizer on the gateway's side. */
function refusalOf(request: ModelInferRequest__Output): string | null {
  const at = request.inputs?.findIndex(({ name }) => name === 'sampling_parameters') ?? -1;
  const sampling = request.raw_input_contents?.[at]?.toString('utf8') ?? '';
  return sampling.includes('logprob_token_ids') ? 'Unexpected keyword argument' : null;
}

function promptOf(request: ModelInferRequest__Output): string {
  const at = request.inputs?.findIndex(({ name }) => name === 'text_input') ?? -1;
  return request.raw_input_contents?.[at]?.toString('utf8') ?? '';
}

const note = (text: string): { name: string; datatype: string; shape: number[] } => {
  const [name = '', datatype = '', dims = ''] = text.split(/[:[\]]/);
  return { name, datatype, shape: dims.split(',').map(Number) };
};

const handlers: GRPCInferenceServiceHandlers = {
  ModelStreamInfer(stream) {
    stream.on('data', (request: ModelInferRequest__Output) => {
      const { id = '' } = request;
      const refusal = refusalOf(request);
      if (refusal !== null) {
        stream.write({ error_message: refusal, infer_response: { id } });
        return;
      }
      const reply = isBetterFirst(promptOf(request)) ? REPLIES.betterFirst : REPLIES.worseFirst;
      stream.write({ infer_response: { ...reply, id } });
    });
    stream.on('end', () => stream.end());
  },
  ServerReady: (_, done) => done(null, { ready: true }),
  ModelReady: (_, done) => done(null, { ready: true }),
  ServerMetadata: (_, done) => done(null, { name: 'triton', version: '2.99.0' }),
  ModelMetadata: (_, done) =>
    done(null, {
      name: STUB_MODEL,
      versions: ['1'],
      inputs: VLLM_MODEL.inputs.map(note),
      outputs: VLLM_MODEL.outputs.map(note),
    }),
  ModelConfig: (_, done) =>
    done(null, { config: { name: STUB_MODEL, model_transaction_policy: { decoupled: true } } }),
  ModelStatistics: (_, done) => done(null, { model_stats: [] }),
};

const server = new grpc.Server();
server.addService(loadKserve().inference.GRPCInferenceService.service, handlers);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.on('disconnect', () => process.exit(0));
