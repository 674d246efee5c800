import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../src/contracts/engine.ts';
import { chat, eventsOf, testCall } from '../fakes/openai-replica.ts';
import { BLS, ENSEMBLE, LLMAPI, OLD_ENSEMBLE, VLLM_MODEL } from '../fakes/triton-models.ts';
import { testTritonReplica, writeTokenizer } from '../fakes/triton-replica.ts';
import { type FakeInference, type FakeTensor, startFakeTriton } from '../fakes/triton-server.ts';
import { int32, texts, uint32 } from '../fakes/triton-tensors.ts';
import { vllmToy } from '../fakes/triton-toy.ts';

/** Sends the replies in order, the last one marked as final, then ends the stream. */
function replies(...parts: FakeTensor[][]): (inference: FakeInference) => void {
  return (inference) => {
    for (const [at, part] of parts.entries()) inference.send(part, at === parts.length - 1);
    inference.end();
  };
}

const textsOf = (events: readonly GenerationEvent[]): string => events.map(textOf).join('');

function textOf(event: GenerationEvent): string {
  if (event.type === 'failure') return `<${event.failure.code}>`;
  if (event.type === 'end') return '';
  // The shape is asserted in full below.
  const [choice] = event.value['choices'] as {
    text?: string;
    delta?: { content?: string };
    finish_reason?: string | null;
  }[];
  return (
    (choice?.delta?.content ?? choice?.text ?? '') +
    (choice?.finish_reason ? `<${choice.finish_reason}>` : '')
  );
}

describe('a chat over vllm_backend', () => {
  it('is written as OpenAI chunks', async () => {
    const answer = replies(
      [
        texts('text_output', 'Zü'),
        texts('finish_reason', 'None'),
        uint32('num_input_tokens', 9),
        uint32('num_output_tokens', 2),
      ],
      [texts('text_output', ''), texts('finish_reason', 'None'), uint32('num_output_tokens', 1)],
      [texts('text_output', ' 😀'), texts('finish_reason', 'stop'), uint32('num_output_tokens', 2)],
    );
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer });
    await using replica = testTritonReplica(triton.url);
    const events = await eventsOf(await replica.generate(chat('Hi'), testCall()));
    const common = {
      id: 'chatcmpl-req_test-1',
      object: 'chat.completion.chunk',
      created: expect.any(Number),
      model: 'judge',
    };
    const choice = (delta: object, reason: string | null): object => ({
      ...common,
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
    expect(events.map((event) => (event.type === 'chunk' ? JSON.parse(event.data) : event))).toEqual([
      choice({ role: 'assistant', content: '' }, null),
      choice({ content: 'Zü' }, null),
      choice({ content: ' 😀' }, null),
      choice({}, 'stop'),
      { ...common, choices: [], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } },
      { type: 'end', usage: { inputTokens: 9, cachedInputTokens: 0, outputTokens: 5 } },
    ]);
  });

  it('asks on a stream of its own, half-closed, with all that the model must know', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: vllmToy({ maxModelTokens: 2048, labelIds: true }),
    });
    await using replica = testTritonReplica(triton.url, { chatTemplate: 'chatml' });
    await eventsOf(
      await replica.generate(
        chat('Hi', {
          temperature: 0.5,
          max_completion_tokens: 3,
          stop: 'END',
          response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
          user: 'someone',
          stream: true,
        }),
        testCall(),
      ),
    );
    const [inference] = triton.seen;
    expect(inference?.halfClosed).toBe(true);
    expect(inference?.request.parameters).toEqual({
      triton_enable_empty_final_response: { bool_param: true, parameter_choice: 'bool_param' },
    });
    expect(inference?.text('text_input')).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    expect(JSON.parse(inference?.text('sampling_parameters') ?? '')).toEqual({
      temperature: 0.5,
      max_tokens: 3,
      stop: ['END'],
      structured_outputs: '{"json":{"type":"object"}}',
    });
    expect(inference?.input('stream')).toEqual(Buffer.from([1]));
    expect(inference?.request.inputs?.[0]).toMatchObject({
      name: 'text_input',
      datatype: 'BYTES',
      shape: ['1'],
    });
  });

  it.each([
    ['tools', { tools: [{ type: 'function' }] }, /^this engine kind has no "tools"$/],
    ['several', { tools: [], cache_salt: 'x' }, /^this engine kind has no "tools", "cache_salt"$/],
    ['a wrong temperature', { temperature: 3 }, /temperature/],
    ['images', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, /messages of text only/],
  ])('refuses %s before anything is sent', async (_, fields, message) => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: () => undefined });
    await using replica = testTritonReplica(triton.url);
    expect(await replica.generate(chat('Hi', fields), testCall())).toMatchObject({
      ok: false,
      failure: {
        code: 'engine_rejected',
        message: expect.stringMatching(message),
        sent: false,
        blamesReplica: false,
      },
    });
    expect(triton.seen).toEqual([]);
  });

  it('takes fields that change nothing', async () => {
    await using triton = await startFakeTriton({
      model: ENSEMBLE,
      answer: replies([texts('text_output', 'Hi'), int32('num_output_tokens', 1)]),
    });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    const harmless = {
      logprobs: false,
      top_logprobs: 0,
      n: 1,
      presence_penalty: 0,
      response_format: { type: 'text' },
    };
    expect(textsOf(await eventsOf(await replica.generate(chat('Hi', harmless), testCall())))).toBe(
      'Hi<stop>',
    );
  });

  it('has log-probabilities as the OpenAI interface writes them', async () => {
    const list =
      '[{"7": {"logprob": -0.5, "rank": 2, "decoded_token": "é"}, "5": {"logprob": -Infinity, "rank": 3, "decoded_token": "NaN"}, "6": {"logprob": -0.25, "rank": 1, "decoded_token": "x"}}]';
    const answer = replies([
      texts('text_output', 'é'),
      texts('finish_reason', 'stop'),
      texts('logprobs', list),
    ]);
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer });
    await using replica = testTritonReplica(triton.url);
    const asked = chat('Hi', { logprobs: true, top_logprobs: 3 });
    const events = await eventsOf(await replica.generate(asked, testCall()));
    expect(events[1]).toMatchObject({
      value: {
        choices: [
          {
            logprobs: {
              content: [
                {
                  token: 'é',
                  logprob: -0.5,
                  bytes: [0xc3, 0xa9],
                  top_logprobs: [
                    { token: 'x', logprob: -0.25, bytes: [0x78] },
                    { token: 'é', logprob: -0.5, bytes: [0xc3, 0xa9] },
                    { token: 'NaN', logprob: -9999, bytes: [0x4e, 0x61, 0x4e] },
                  ],
                },
              ],
            },
          },
        ],
      },
    });
  });

  it('gives each choice a request and a seed of its own', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: vllmToy({ maxModelTokens: 2048, labelIds: true }),
    });
    await using replica = testTritonReplica(triton.url);
    const asked = chat('Hi', { n: 3, seed: 10, max_tokens: 2 });
    const events = await eventsOf(await replica.generate(asked, testCall()));
    const seeds = triton.seen.map(
      (inference) => JSON.parse(inference.text('sampling_parameters') ?? '').seed,
    );
    expect(seeds).toEqual([10, 11, 12]);
    expect(new Set(triton.seen.map(({ request }) => request.id)).size).toBe(3);
    expect(events.at(-1)).toMatchObject({ type: 'end', usage: { outputTokens: 6 } });
    expect(events.filter((event) => event.type === 'end')).toHaveLength(1);
  });
});

describe('a completion', () => {
  it('sends the prompt as it is and is written as text_completion', async () => {
    const list = '[{"6": {"logprob": -0.25, "rank": 1, "decoded_token": "ab"}}]';
    const answer = replies(
      [texts('text_output', 'ab'), texts('finish_reason', 'None'), texts('logprobs', list)],
      [texts('text_output', 'ab'), texts('finish_reason', 'length'), texts('logprobs', list)],
    );
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer });
    await using replica = testTritonReplica(triton.url, { chatTemplate: 'llama3' });
    const asked = { kind: 'completion' as const, body: { prompt: 'one <|eot_id|>', logprobs: 1 } };
    const events = await eventsOf(await replica.generate(asked, testCall()));
    expect(triton.seen[0]?.text('text_input')).toBe('one <|eot_id|>');
    expect(events[1]).toMatchObject({
      value: {
        object: 'text_completion',
        choices: [
          {
            text: 'ab',
            logprobs: {
              tokens: ['ab'],
              token_logprobs: [-0.25],
              top_logprobs: [{ ab: -0.25 }],
              text_offset: [2],
            },
          },
        ],
      },
    });
    expect(textsOf(events)).toBe('abab<length>');
  });

  it('refuses a list of prompts', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: () => undefined });
    await using replica = testTritonReplica(triton.url);
    const asked = { kind: 'completion' as const, body: { prompt: ['a', 'b'] } };
    expect(await replica.generate(asked, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: 'this engine kind takes one text as prompt' },
    });
  });
});

describe('a text of TensorRT-LLM', () => {
  it('comes whole from an ensemble that does not stream', async () => {
    const answer = replies([
      int32('num_output_tokens', 4),
      texts('text_output', 'all of it'),
      int32('num_input_tokens', 7),
    ]);
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    const events = await eventsOf(await replica.generate(chat('Hi', { max_tokens: 9 }), testCall()));
    expect(textsOf(events)).toBe('all of it<stop>');
    expect(events.at(-1)).toEqual({
      type: 'end',
      usage: { inputTokens: 7, cachedInputTokens: 0, outputTokens: 4 },
    });
    expect(triton.seen[0]?.input('stream')).toBeUndefined();
    expect(triton.seen[0]?.request.outputs?.map(({ name }) => name)).toEqual([
      'text_output',
      'num_input_tokens',
      'num_output_tokens',
    ]);
  });

  it('comes piece by piece from a BLS model that repeats itself, and ends with an empty reply', async () => {
    const answer = replies(
      [texts('text_output', 'On'), int32('num_output_tokens', 1)],
      [texts('text_output', 'On and'), int32('num_output_tokens', 2)],
      [texts('text_output', 'On and on'), int32('num_output_tokens', 3)],
      [],
    );
    await using triton = await startFakeTriton({ model: BLS, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm_bls' });
    const events = await eventsOf(await replica.generate(chat('Hi', { max_tokens: 3 }), testCall()));
    expect(events.map(textOf)).toEqual(['', 'On', ' and', ' on', '<length>', '', '']);
    expect(triton.seen[0]?.input('stream')).toEqual(Buffer.from([1]));
  });

  it('knows the names of old models, and encodes by the types that the model tells', async () => {
    using tokenizer = writeTokenizer();
    const answer = replies([texts('text_output', 'ok')]);
    await using triton = await startFakeTriton({ model: OLD_ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, {
      backend: 'tensorrtllm',
      tokenizer: tokenizer.path,
    });
    const fields = {
      seed: 258,
      min_tokens: 1,
      length_penalty: 0.5,
      temperature: 0,
      stop: ['a', 'bc'],
      max_tokens: 2,
    };
    const events = await eventsOf(await replica.generate(chat('Hi', fields), testCall()));
    // Two characters, two tokens of the tests' tokenizer.
    expect(textsOf(events)).toBe('ok<length>');
    const [seen] = triton.seen;
    const named = Object.fromEntries((seen?.request.inputs ?? []).map(({ name, ...rest }) => [name, rest]));
    expect(named).toMatchObject({
      random_seed: { datatype: 'UINT64', shape: ['1', '1'] },
      min_length: { datatype: 'INT32' },
      len_penalty: { datatype: 'FP32' },
      stop_words: { datatype: 'BYTES', shape: ['1', '2'] },
    });
    expect(seen?.input('random_seed')).toEqual(Buffer.from([2, 1, 0, 0, 0, 0, 0, 0]));
    expect(seen?.input('len_penalty')).toEqual(Buffer.from([0, 0, 0, 0x3f]));
    expect(seen?.input('stop_words')).toEqual(Buffer.from('\x01\0\0\0a\x02\0\0\0bc'));
    // Temperature 0 is the one likeliest token.
    expect(seen?.input('temperature')).toBeUndefined();
    expect(seen?.input('top_k')).toEqual(Buffer.from([1, 0, 0, 0]));
  });

  it.each([
    [{ temperature: 0.5 }, { temperature: '0000003f', top_p: '0000803f' }],
    [
      { temperature: 0.5, top_k: 3 },
      { temperature: '0000003f', top_k: '03000000' },
    ],
    [{ temperature: 0, top_p: 0.5 }, { top_k: '01000000' }],
    [{}, {}],
  ])('is sampled as %j asks', async (fields, tensors) => {
    const answer = replies([texts('text_output', 'x'), int32('num_output_tokens', 1)]);
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    await eventsOf(await replica.generate(chat('Hi', fields), testCall()));
    const seen = ['temperature', 'top_k', 'top_p'].flatMap((name) => {
      const data = triton.seen[0]?.input(name);
      return data === undefined ? [] : [[name, data.toString('hex')]];
    });
    expect(Object.fromEntries(seen)).toEqual(tensors);
  });

  it('is refused when nothing tells whether it was cut', async () => {
    await using triton = await startFakeTriton({ model: OLD_ENSEMBLE, answer: () => undefined });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    expect(await replica.generate(chat('Hi'), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: expect.stringContaining('give the engine a tokenizer') },
    });
  });

  it('is guided by a JSON schema where the model can', async () => {
    const answer = replies([texts('text_output', '{}'), int32('num_output_tokens', 1)]);
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'tensorrtllm' });
    const format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
    await eventsOf(await replica.generate(chat('Hi', { response_format: format }), testCall()));
    expect(triton.seen[0]?.text('guided_decoding_guide_type')).toBe('json_schema');
    expect(triton.seen[0]?.text('guided_decoding_guide')).toBe('{"type":"object"}');
    await using old = await startFakeTriton({ model: OLD_ENSEMBLE, answer });
    await using unguided = testTritonReplica(old.url, { backend: 'tensorrtllm' });
    expect(await unguided.generate(chat('Hi', { response_format: format }), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: 'this engine kind has no "response_format"' },
    });
  });
});

describe('a text of the LLM API model', () => {
  it('is streamed, with tokens counted by the tokenizer', async () => {
    using tokenizer = writeTokenizer();
    const answer = replies(
      [texts('text_output', 'a'), texts('finish_reason', 'None')],
      [texts('text_output', 'b.'), texts('finish_reason', 'stop')],
    );
    await using triton = await startFakeTriton({ model: LLMAPI, answer });
    await using replica = testTritonReplica(triton.url, { backend: 'llmapi', tokenizer: tokenizer.path });
    const events = await eventsOf(await replica.generate(chat('Hi'), testCall()));
    expect(textsOf(events)).toBe('ab.<stop>');
    // "Hi" and two newlines; "ab.".
    expect(events.at(-1)).toMatchObject({ usage: { inputTokens: 4, outputTokens: 3 } });
    expect(triton.seen[0]?.input('streaming')).toEqual(Buffer.from([1]));
  });

  it('has no guided decoding', async () => {
    await using triton = await startFakeTriton({ model: LLMAPI, answer: () => undefined });
    await using replica = testTritonReplica(triton.url, { backend: 'llmapi' });
    const asked = chat('Hi', { response_format: { type: 'json_object' } });
    expect(await replica.generate(asked, testCall())).toMatchObject({
      ok: false,
      failure: { message: 'this engine kind has no "response_format"' },
    });
  });
});

describe('other calls', () => {
  it('are refused by name', async () => {
    await using replica = testTritonReplica('grpc://127.0.0.1:1');
    expect(await replica.post('/v1/embeddings', {}, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: 'this engine kind has no /v1/embeddings', sent: false },
    });
  });
});
