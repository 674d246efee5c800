import { describe, expect, it } from 'vitest';
import type { BackendName } from '../../src/engines/triton/backends.ts';
import { labelBatchesContract } from '../contracts/label-batches.ts';
import { CONTRACT_PROBE, type Lack, replicaContract, type ReplicaUnderTest } from '../contracts/replica.ts';
import { testCall } from '../fakes/openai-replica.ts';
import { BLS, ENSEMBLE, LLMAPI, OLD_ENSEMBLE, VLLM_MODEL } from '../fakes/triton-models.ts';
import { testTritonReplica, writeTokenizer } from '../fakes/triton-replica.ts';
import {
  type FakeInference,
  type FakeModel,
  type FakeTritonOptions,
  startFakeTriton,
} from '../fakes/triton-server.ts';
import { floats, int32, texts } from '../fakes/triton-tensors.ts';
import {
  ensembleToy,
  type EnsembleToyOptions,
  llmapiToy,
  logSoftmax,
  toyLogits,
  vllmToy,
} from '../fakes/triton-toy.ts';

type Answer = FakeTritonOptions['answer'];

/** A model of one kind with its toy; without a tokenizer labels are known by their texts. */
interface Kind {
  readonly backend: BackendName;
  readonly model: FakeModel;
  readonly answer: Answer;
  readonly tokens: boolean;
}

async function startContract({ backend, model, answer, tokens }: Kind): Promise<ReplicaUnderTest> {
  const tokenizer = writeTokenizer();
  const triton = await startFakeTriton({ model, answer });
  const replica = testTritonReplica(triton.url, {
    backend,
    labelProbes: [CONTRACT_PROBE],
    maxModelTokens: 2048,
    ...(tokens ? { tokenizer: tokenizer.path } : {}),
  });
  return {
    replica,
    maxModelTokens: 2048,
    idle: () => triton.idle(),
    hang: () => Promise.resolve(triton.answer(() => undefined)),
    async [Symbol.asyncDispose]() {
      await replica.close();
      await triton[Symbol.asyncDispose]();
      tokenizer[Symbol.dispose]();
    },
  };
}

const VLLM_TOY = { maxModelTokens: 2048, labelIds: true };
const ENSEMBLE_TOY: EnsembleToyOptions = {
  maxModelTokens: 2048,
  logits: true,
  tells: 'biased',
  streams: false,
  accumulates: false,
};

const KINDS: readonly [name: string, kind: Kind, lacks: readonly Lack[]][] = [
  ['vllm', { backend: 'vllm', model: VLLM_MODEL, answer: vllmToy(VLLM_TOY), tokens: true }, []],
  [
    'vllm without label ids',
    {
      backend: 'vllm',
      model: VLLM_MODEL,
      answer: vllmToy({ ...VLLM_TOY, labelIds: false }),
      tokens: true,
    },
    [],
  ],
  [
    'tensorrtllm',
    { backend: 'tensorrtllm', model: ENSEMBLE, answer: ensembleToy(ENSEMBLE_TOY), tokens: true },
    ['logprobs', 'streaming'],
  ],
  [
    'tensorrtllm without logits',
    {
      backend: 'tensorrtllm',
      model: ENSEMBLE,
      answer: ensembleToy({ ...ENSEMBLE_TOY, logits: false }),
      tokens: false,
    },
    ['logprobs', 'streaming'],
  ],
  [
    'tensorrtllm_bls',
    {
      backend: 'tensorrtllm_bls',
      model: BLS,
      answer: ensembleToy({ ...ENSEMBLE_TOY, streams: true, accumulates: true }),
      tokens: true,
    },
    ['logprobs'],
  ],
  [
    'llmapi',
    { backend: 'llmapi', model: LLMAPI, answer: llmapiToy(VLLM_TOY), tokens: true },
    ['labels', 'logprobs', 'ignore_eos'],
  ],
];

for (const [name, kind, lacks] of KINDS) {
  replicaContract(`Triton, ${name}`, () => startContract(kind), { lacks });
}

const BATCHED = { ...ENSEMBLE, maxBatch: 8 };
for (const [name, model, rows] of [
  ['one reply for all', BATCHED, 'stacked'],
  ['a reply for each', { ...BATCHED, outputs: [...BATCHED.outputs, 'batch_index:INT32[-1,1]'] }, 'each'],
] as const) {
  const answer = ensembleToy({ ...ENSEMBLE_TOY, rows });
  labelBatchesContract(`Triton, tensorrtllm with ${name}`, () =>
    startContract({ backend: 'tensorrtllm', model, answer, tokens: true }),
  );
}

const CONTENT = 'Which is better, A or B?';
const QUESTION = { labels: 'pair@1', messages: [{ role: 'user', content: CONTENT }] };

/** What the toy holds of the question in the plain format: tokens 34 and 96 say A, 35 and 97 say B. */
function truth(): { readonly first: number; readonly second: number } {
  const logprobs = logSoftmax(toyLogits(`${CONTENT}\n\n`, 0));
  const sum = (one: number, other: number): number => Math.exp(logprobs[one]!) + Math.exp(logprobs[other]!);
  return { first: sum(34, 96), second: sum(35, 97) };
}

describe('label probabilities', () => {
  it.each([
    ['label_ids', 'vllm', VLLM_MODEL, vllmToy(VLLM_TOY)],
    ['top_logprobs', 'vllm', VLLM_MODEL, vllmToy({ ...VLLM_TOY, labelIds: false })],
    ['generation_logits', 'tensorrtllm', ENSEMBLE, ensembleToy(ENSEMBLE_TOY)],
    ['generation_logits', 'tensorrtllm_bls', BLS, ensembleToy({ ...ENSEMBLE_TOY, streams: true })],
    ['forced', 'tensorrtllm', ENSEMBLE, ensembleToy({ ...ENSEMBLE_TOY, logits: false })],
    ['forced', 'tensorrtllm', OLD_ENSEMBLE, ensembleToy({ ...ENSEMBLE_TOY, logits: false, tells: 'raw' })],
  ] as const)('are read over %s from %s', async (route, backend, model, answer) => {
    using tokenizer = writeTokenizer();
    await using triton = await startFakeTriton({ model, answer });
    await using replica = testTritonReplica(triton.url, { backend, tokenizer: tokenizer.path });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: {
        route,
        labels: { 'pair@1': { first: [34, 96], second: [35, 97] } },
        version: '2.99.0',
        capabilities: { routes: [route], topLogprobs: backend === 'vllm' ? 20 : 0 },
      },
    });
    const result = await replica.distribution(QUESTION, testCall());
    if (!result.ok) throw new Error(result.failure.message);
    const { distribution, fingerprint } = result.value;
    const { first, second } = truth();
    expect(distribution.route).toBe(route);
    expect(distribution.labels['first']?.probability).toBeCloseTo(first, 6);
    expect(distribution.labels['second']?.probability).toBeCloseTo(second, 6);
    expect(distribution.mass).toBeCloseTo(first + second, 6);
    expect(fingerprint).toBe('triton 2.99.0, model version 3');
  });

  it('are known by their texts where there is no tokenizer', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: vllmToy(VLLM_TOY) });
    await using replica = testTritonReplica(triton.url);
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { route: 'top_logprobs', labels: { 'pair@1': { first: [], second: [] } } },
    });
    const result = await replica.distribution(QUESTION, testCall());
    if (!result.ok) throw new Error(result.failure.message);
    expect(result.value.distribution.labels['first']?.probability).toBeCloseTo(truth().first, 9);
  });

  it('cost one request for each spelling when they are forced, and say so', async () => {
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer: ensembleToy(ENSEMBLE_TOY) });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    await replica.warmUp(testCall());
    const before = triton.seen.length;
    const result = await replica.distribution(QUESTION, testCall());
    expect(result).toMatchObject({ ok: true, value: { usage: { inputTokens: 36, outputTokens: 4 } } });
    const words = triton.seen.slice(before).map((inference) => inference.text('embedding_bias_words'));
    expect(words).toEqual(['A', ' A', 'B', ' B']);
  });

  it('count once two spellings that the engine writes as one token', async () => {
    // A tokenizer that loses the space: both spellings raise and write the same token.
    const answer = (inference: FakeInference): void => {
      const word = inference.text('embedding_bias_words')?.trim();
      const weight = inference.input('embedding_bias_weights')?.readFloatLE() ?? 0;
      const share = word === 'A' ? 0.6 : 0.3;
      const told = (share * Math.exp(weight)) / (1 - share + share * Math.exp(weight));
      inference.send([texts('text_output', word ?? ''), floats('output_log_probs', [Math.log(told)])], true);
      inference.end();
    };
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    await replica.warmUp(testCall());
    const result = await replica.distribution(QUESTION, testCall());
    if (!result.ok) throw new Error(result.failure.message);
    expect(result.value.distribution.labels['first']?.probability).toBeCloseTo(0.6, 5);
    expect(result.value.distribution.labels['second']?.probability).toBeCloseTo(0.3, 5);
  });

  it('are bounded where a forced label is not written', async () => {
    const answer = (inference: FakeInference): void => {
      const word = inference.text('embedding_bias_words') ?? '';
      const weight = inference.input('embedding_bias_weights')?.readFloatLE() ?? 0;
      const told = (0.9 * Math.exp(weight)) / (0.1 + 0.9 * Math.exp(weight));
      const isFirst = word === 'A';
      inference.send(
        [
          texts('text_output', isFirst ? 'A' : 'Well'),
          floats('output_log_probs', [isFirst ? Math.log(told) : -0.5]),
          int32('num_output_tokens', 1),
        ],
        true,
      );
      inference.end();
    };
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    await replica.warmUp(testCall());
    const result = await replica.distribution(QUESTION, testCall());
    if (!result.ok) throw new Error(result.failure.message);
    const { first, second } = result.value.distribution.labels;
    expect(first?.probability).toBeCloseTo(0.9, 4);
    // A token below 1/(1+e^5) is not written even when e^5 is put on it; there are two spellings.
    expect(second).toEqual({ probability: 0, atMost: expect.closeTo(2 * 0.0066928509, 8) });
  });
});

describe('a warm-up', () => {
  it.each([
    [
      'names the tensors that a model lacks',
      { model: { ...VLLM_MODEL, inputs: ['text_input:BYTES[1]', 'stream:BOOL[1]'], outputs: [] } },
      {
        code: 'engine_rejected',
        message: expect.stringContaining('no input "sampling_parameters", no output "text_output"'),
        blamesReplica: true,
      },
    ],
    [
      'knows a server that has not the model',
      { ready: { server: true, model: false } },
      { code: 'model_not_found', blamesReplica: true },
    ],
    [
      'knows a server that is starting',
      { ready: { server: false, model: false } },
      { code: 'engine_unavailable', sent: false, blamesReplica: true },
    ],
    [
      'knows a model without log-probabilities',
      { model: { ...VLLM_MODEL, outputs: ['text_output:BYTES[-1]'] } },
      { code: 'engine_rejected', message: expect.stringContaining('gives no probabilities of tokens') },
    ],
  ] as const)('%s', async (_, options, failure) => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: vllmToy(VLLM_TOY), ...options });
    await using replica = testTritonReplica(triton.url);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: false, failure });
    expect(triton.seen).toEqual([]);
  });

  it('refuses labels of the LLM API model, and is content with it where none are asked for', async () => {
    const answer = (inference: FakeInference): void => {
      inference.send([texts('text_output', 'x'), texts('finish_reason', 'length')], true);
      inference.end();
    };
    await using triton = await startFakeTriton({ model: LLMAPI, answer });
    await using judge = testTritonReplica(triton.url, { backend: 'llmapi' });
    expect(await judge.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: expect.stringContaining('cannot be a judge') },
    });
    await using writer = testTritonReplica(triton.url, { backend: 'llmapi', labelProbes: [] });
    expect(await writer.warmUp(testCall())).toMatchObject({ ok: true, value: { labels: {} } });
  });

  it('finds a model dead that its server calls ready', async () => {
    await using triton = await startFakeTriton({
      model: LLMAPI,
      answer(inference) {
        inference.error(
          "Failed to process the request(s), message: Stub process 'judge_0_0' is not healthy.",
        );
        inference.end();
      },
    });
    await using replica = testTritonReplica(triton.url, { backend: 'llmapi', labelProbes: [] });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_error', message: 'the process of the model has died', blamesReplica: true },
    });
  });

  it('falls back to forced labels when the engine gathers no logits', async () => {
    using tokenizer = writeTokenizer();
    const answer = ensembleToy({ ...ENSEMBLE_TOY, logits: false });
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, {
      backend: 'tensorrtllm',
      tokenizer: tokenizer.path,
    });
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true, value: { route: 'forced' } });
  });

  it('refuses probabilities that do not follow the bias', async () => {
    const answer = ensembleToy({ ...ENSEMBLE_TOY, tells: 'nonsense' });
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: expect.stringContaining('do not follow the bias') },
    });
  });

  it('says what is wrong with a tokenizer file, without its path', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: vllmToy(VLLM_TOY) });
    await using replica = testTritonReplica(triton.url, { tokenizer: '/no/such/tokenizer.json' });
    const warm = await replica.warmUp(testCall());
    expect(warm).toMatchObject({ ok: false, failure: { code: 'engine_rejected' } });
    if (warm.ok) return;
    expect(warm.failure.message).toContain('ENOENT');
    expect(warm.failure.message).not.toContain('/no/such');
  });

  it('asks for other spellings when a label is no single token', async () => {
    using tokenizer = writeTokenizer();
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: vllmToy(VLLM_TOY) });
    await using replica = testTritonReplica(triton.url, {
      tokenizer: tokenizer.path,
      labelProbes: [
        { id: 'long@1', spellings: { first: ['Answer'], second: ['B'] }, context: QUESTION.messages },
      ],
    });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('no spelling of the label "first" is a single token') },
    });
  });
});
