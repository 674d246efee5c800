import { constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { GenerationEvent, Replica } from '../../src/contracts/engine.ts';
import { manualClock } from '../fakes/clock.ts';
import { chat, eventsOf, testCall } from '../fakes/openai-replica.ts';
import { ENSEMBLE, VLLM_MODEL } from '../fakes/triton-models.ts';
import { type RawInference, startRawTriton } from '../fakes/triton-raw.ts';
import { testTritonReplica, writeTokenizer } from '../fakes/triton-replica.ts';
import { type FakeInference, startFakeTriton } from '../fakes/triton-server.ts';
import { floats, int32, texts } from '../fakes/triton-tensors.ts';
import { ensembleToy, vllmToy } from '../fakes/triton-toy.ts';

const PIECE = [texts('text_output', 'x'), texts('finish_reason', 'None')];
const LAST = [texts('text_output', 'y'), texts('finish_reason', 'stop')];
const QUESTION = { labels: 'pair@1', messages: [{ role: 'user', content: 'A or B?' }] };
const TOY = vllmToy({ maxModelTokens: 2048, labelIds: true });

/** The failure that a generation came to, at its start or after it; null when it ended well. */
async function failureOf(
  replica: Replica,
  fields: Record<string, unknown> = {},
  call = testCall(),
): Promise<unknown> {
  const generation = await replica.generate(chat('Hi', fields), call);
  if (!generation.ok) return generation.failure;
  let last: GenerationEvent | undefined;
  for await (const event of generation.value) last = event;
  return last?.type === 'failure' ? last.failure : null;
}

const BROKEN = { code: 'engine_error', sent: true, blamesReplica: true };

const UNANSWERED = (): void => undefined;

describe('an error that Triton says inside a stream', () => {
  it.each([
    ['[request id: a] Exceeds maximum queue size', 'overloaded', false, false],
    ['Request timeout expired', 'overloaded', false, false],
    ["Request for unknown model: 'judge' is not found", 'model_not_found', false, true],
    ["Request for unknown model: 'judge' has no available versions", 'engine_unavailable', false, true],
    ["[request id: a] unexpected inference input 'x' for model 'judge'", 'engine_rejected', false, false],
    ['Error generating stream: toy engine failure at token 2', 'engine_error', true, false],
    [
      "Failed to process the request(s), message: Stub process 'judge_0_0' is not healthy.",
      'engine_error',
      true,
      true,
    ],
  ])('%s', async (text, code, sent, blamesReplica) => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer(inference) {
        inference.error(text);
        inference.end();
      },
    });
    await using replica = testTritonReplica(triton.url);
    expect(await failureOf(replica)).toMatchObject({ code, sent, blamesReplica });
    triton.answer((inference) => {
      inference.send(PIECE, false);
      inference.error(text);
      inference.end();
    });
    expect(await failureOf(replica)).toMatchObject({ code });
  });
});

describe('a stream that closes with a status', () => {
  it.each([
    [
      'a restricted protocol',
      status.UNAVAILABLE,
      "This protocol is restricted, expecting header 'triton-grpc-protocol-x'",
      'engine_unavailable',
      false,
    ],
    [
      'a server that stops',
      status.UNAVAILABLE,
      'GRPC server is shutting down and has stopped accepting new requests.',
      'engine_unavailable',
      false,
    ],
    [
      'a wrong shape',
      status.INVALID_ARGUMENT,
      "unexpected shape for input 'text_input' for model 'judge'. Expected [1], got [1,1]. ",
      'engine_rejected',
      false,
    ],
    ['its own words', status.UNKNOWN, 'odd', 'engine_error', true],
    ['a deadline', status.DEADLINE_EXCEEDED, 'Deadline Exceeded', 'deadline_exceeded', true],
  ])('is a failure: %s', async (_, code, details, ...came) => {
    const [failure, sent] = came;
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: (inference) => inference.status(code, details),
    });
    await using replica = testTritonReplica(triton.url);
    expect(await failureOf(replica)).toMatchObject({ code: failure, sent });
  });
});

describe('an answer', () => {
  const answers: [string, (inference: FakeInference) => void, unknown][] = [
    [
      'that is final but whose stream stays open is whole',
      (inference) => {
        inference.send(PIECE, false);
        inference.send(LAST, true);
      },
      null,
    ],
    [
      'whose stream ends without a final mark is whole when it had finished',
      (inference) => {
        inference.send(LAST, false);
        inference.end();
      },
      null,
    ],
    [
      'that ends with an empty final reply is whole',
      (inference) => {
        inference.send(LAST, false);
        inference.send([], true);
      },
      null,
    ],
    [
      'that had not finished is a failure',
      (inference) => {
        inference.send(PIECE, false);
        inference.end();
      },
      expect.objectContaining({
        code: 'engine_error',
        message: 'the stream ended before the answer had finished',
        blamesReplica: true,
      }),
    ],
    [
      'whose final reply says no reason is a failure',
      (inference) => inference.send(PIECE, true),
      expect.objectContaining({
        code: 'engine_error',
        message: 'the stream ended before the answer had finished',
      }),
    ],
    [
      'that the engine gave up is a failure',
      (inference) => inference.send([texts('text_output', ''), texts('finish_reason', 'abort')], true),
      expect.objectContaining({ code: 'engine_error', message: 'the engine gave up its answer' }),
    ],
    [
      'of nothing is a failure',
      (inference) => inference.end(),
      expect.objectContaining({
        code: 'engine_error',
        message: 'the model ended its stream without an answer',
        blamesReplica: true,
      }),
    ],
    [
      'without a text is a failure',
      (inference) => inference.send([int32('text_output', 7), texts('finish_reason', 'stop')], true),
      expect.objectContaining({
        code: 'engine_error',
        message: 'the model answered without a text',
        blamesReplica: true,
      }),
    ],
    [
      'whose text says it is longer than it is, is a failure',
      (inference) =>
        inference.send(
          [{ name: 'text_output', datatype: 'BYTES', shape: [1], data: Buffer.from([9, 0, 0, 0, 1]) }],
          true,
        ),
      expect.objectContaining({ code: 'engine_error', message: 'the model answered without a text' }),
    ],
  ];

  it.each(answers)('%s', async (_, answer, failure) => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer });
    await using replica = testTritonReplica(triton.url);
    const came = await failureOf(replica);
    expect(came).toEqual(failure);
  });

  it('that is final has its stream cancelled when the server does not close it', async () => {
    const clock = manualClock();
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: (inference) => inference.send(LAST, true),
    });
    await using replica = testTritonReplica(triton.url, { clock });
    expect(await failureOf(replica)).toBeNull();
    expect(triton.inFlight()).toBe(1);
    clock.advance(5_000);
    await triton.idle();
    expect(triton.cancelled()).toBe(1);
  });

  it('waits for a slow reader without being lost', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer(inference) {
        for (let n = 0; n < 1_000; n += 1) inference.send(PIECE, false);
        inference.send(LAST, true);
        inference.end();
      },
    });
    await using replica = testTritonReplica(triton.url);
    const generation = await replica.generate(chat('Hi'), testCall());
    // Everything that fits has come before the first event is taken.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const events = await eventsOf(generation);
    // Role, 1,001 texts, finish, usage, end.
    expect(events).toHaveLength(1_005);
    expect(events.at(-1)?.type).toBe('end');
  });
});

describe('numbers that are none', () => {
  it.each([
    ['[{"34": {"logprob": NaN, "rank": 1, "decoded_token": "A"}}]', 'engine_corrupt'],
    ['[{"34": {"logprob": Infinity, "rank": 1, "decoded_token": "A"}}]', 'engine_corrupt'],
    [
      '[{"34": {"logprob": -0.1, "decoded_token": "A"}, "50": {"logprob": -0.1, "decoded_token": "Q"}}]',
      'engine_corrupt',
    ],
    ['[{"34": "x"}]', 'engine_error'],
    ['not JSON', 'engine_error'],
    ['null', 'engine_rejected'],
  ])('make no label: %s', async (list, code) => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: TOY });
    await using replica = testTritonReplica(triton.url);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
    triton.answer((inference) => {
      inference.send([texts('text_output', 'A'), texts('logprobs', list)], true);
      inference.end();
    });
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({ ok: false, failure: { code } });
  });

  it('are not minus infinity, which is a probability of zero', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: TOY });
    await using replica = testTritonReplica(triton.url);
    await replica.warmUp(testCall());
    const list =
      '[{"34": {"logprob": -0.5, "decoded_token": "A"}, "35": {"logprob": -Infinity, "decoded_token": "B"}, "97": {"logprob": -9999.0, "decoded_token": " B"}}]';
    triton.answer((inference) => {
      inference.send([texts('text_output', 'A'), texts('logprobs', list)], true);
      inference.end();
    });
    const result = await replica.distribution(QUESTION, testCall());
    expect(result).toMatchObject({
      ok: true,
      value: {
        distribution: {
          labels: {
            first: { probability: expect.closeTo(0.60653066, 7) },
            second: { probability: 0, atMost: 0 },
          },
        },
      },
    });
  });

  it('stop a text that asked for log-probabilities', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: (inference) =>
        inference.send([...PIECE, texts('logprobs', '[{"1": {"logprob": NaN}}]')], false),
    });
    await using replica = testTritonReplica(triton.url);
    expect(await replica.generate(chat('Hi', { logprobs: true }), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_corrupt', blamesReplica: true },
    });
    await triton.idle();
  });

  it('in logits make no label', async () => {
    using tokenizer = writeTokenizer();
    const toy = {
      maxModelTokens: 2048,
      logits: true,
      tells: 'biased',
      streams: false,
      accumulates: false,
    } as const;
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer: ensembleToy(toy) });
    await using replica = testTritonReplica(triton.url, {
      backend: 'tensorrtllm',
      tokenizer: tokenizer.path,
    });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { route: 'generation_logits' },
    });
    const logits = Array.from({ length: 102 }, () => 0);
    logits[7] = Number.NaN;
    triton.answer((inference) =>
      inference.send([texts('text_output', 'A'), floats('generation_logits', logits)], true),
    );
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_corrupt', blamesReplica: true },
    });
    triton.answer((inference) =>
      inference.send([texts('text_output', 'A'), texts('generation_logits', 'x')], true),
    );
    expect(await replica.distribution(QUESTION, testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected' },
    });
  });
});

describe('a message of 6.4 MB', () => {
  const logits = floats(
    'generation_logits',
    Array.from({ length: 1_600_000 }, (_, id) => (id === 34 ? 20 : 0)),
  );
  const answer = (inference: FakeInference): void => {
    inference.send([texts('text_output', 'A'), logits], true);
    inference.end();
  };

  it('is read', async () => {
    using tokenizer = writeTokenizer();
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, {
      backend: 'tensorrtllm',
      tokenizer: tokenizer.path,
    });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { route: 'generation_logits' },
    });
    const result = await replica.distribution(QUESTION, testCall());
    // e^20 / (e^20 + 1,599,999), with 1 / (…) more for the other spelling.
    expect(result).toMatchObject({
      ok: true,
      value: { distribution: { labels: { first: { probability: expect.closeTo(0.9967128, 6) } } } },
    });
  });

  it('above the limit is a failure that blames nobody', async () => {
    using tokenizer = writeTokenizer();
    await using triton = await startFakeTriton({ model: ENSEMBLE, answer });
    await using replica = testTritonReplica(triton.url, {
      backend: 'tensorrtllm',
      tokenizer: tokenizer.path,
      limits: { messageBytes: 4_194_304 },
    });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: {
        code: 'engine_reply_too_large',
        message: "the engine's answer is longer than the limit for messages; raise it",
        blamesReplica: false,
      },
    });
  });

  it('is not sent', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: UNANSWERED });
    await using replica = testTritonReplica(triton.url, { limits: { messageBytes: 100_000 } });
    expect(await replica.generate(chat('x'.repeat(200_000)), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    });
    expect(triton.seen).toEqual([]);
  });
});

describe('the time of a call', () => {
  it('is told to the queue, and is kept by gRPC itself', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: UNANSWERED });
    await using replica = testTritonReplica(triton.url);
    const soon = { ...testCall(), deadline: performance.now() + 150 };
    expect(await failureOf(replica, {}, soon)).toMatchObject({
      code: 'deadline_exceeded',
      sent: true,
      blamesReplica: false,
    });
    const told = triton.seen[0]?.request.parameters?.['timeout'];
    expect(told?.parameter_choice).toBe('int64_param');
    expect(Number(told?.int64_param)).toBeGreaterThan(0);
    expect(Number(told?.int64_param)).toBeLessThanOrEqual(150_000);
    await triton.idle();
  });

  it('that is over sends nothing', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: TOY });
    await using replica = testTritonReplica(triton.url);
    await replica.warmUp(testCall());
    const before = triton.seen.length;
    const late = { ...testCall(), deadline: 0 };
    const failure = { code: 'deadline_exceeded', sent: false };
    expect(await replica.generate(chat('Hi'), late)).toMatchObject({ ok: false, failure });
    expect(await replica.distribution(QUESTION, late)).toMatchObject({ ok: false, failure });
    expect(triton.seen).toHaveLength(before);
  });
});

describe('a connection', () => {
  const mark = { infer_response: { outputs: [], parameters: {} } };
  const piece = {
    infer_response: {
      outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1] }],
      raw_output_contents: [Buffer.from('\x01\0\0\0x')],
    },
  };

  it.each([
    ['in the middle', constants.NGHTTP2_INTERNAL_ERROR, piece, BROKEN],
    ['before the first reply', constants.NGHTTP2_INTERNAL_ERROR, mark, BROKEN],
    ['as a flood', constants.NGHTTP2_ENHANCE_YOUR_CALM, piece, { ...BROKEN, blamesReplica: false }],
    [
      'by refusing it',
      constants.NGHTTP2_REFUSED_STREAM,
      mark,
      { code: 'overloaded', sent: false, blamesReplica: false },
    ],
  ])('whose stream is reset %s gives a failure', async (_, code, message, failure) => {
    await using triton = await startRawTriton(({ stream, send }: RawInference) => {
      send(message);
      stream.on('data', () => undefined);
      stream.on('end', () => setImmediate(() => stream.close(code)));
    });
    await using replica = testTritonReplica(triton.url);
    expect(await failureOf(replica)).toMatchObject(failure);
  });

  it('that gets a GOAWAY finishes what runs, and the next call takes a new one', async () => {
    const running: RawInference[] = [];
    await using triton = await startRawTriton((inference) => {
      inference.stream.resume();
      running.push(inference);
      if (running.length === 1) {
        inference.send(piece);
        inference.session.goaway(constants.NGHTTP2_NO_ERROR);
      }
      inference.send({
        infer_response: {
          outputs: [
            { name: 'text_output', datatype: 'BYTES', shape: [1] },
            { name: 'finish_reason', datatype: 'BYTES', shape: [1] },
          ],
          raw_output_contents: [Buffer.from('\x01\0\0\0y'), Buffer.from('\x04\0\0\0stop')],
        },
      });
      inference.stream.end();
    });
    await using replica = testTritonReplica(triton.url);
    expect(await failureOf(replica)).toBeNull();
    expect(await failureOf(replica)).toBeNull();
    expect(running[0]?.session).not.toBe(running[1]?.session);
  });

  it('that is cut gives failures to all that run on it, and the next call takes a new one', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: (inference) => inference.send(PIECE, false),
    });
    await using replica = testTritonReplica(triton.url);
    const generations = await Promise.all([1, 2, 3].map(() => replica.generate(chat('Hi'), testCall())));
    triton.reset();
    for (const generation of generations) {
      const events = await eventsOf(generation);
      expect(events.at(-1)).toMatchObject({
        type: 'failure',
        failure: { code: 'engine_error', sent: true, blamesReplica: true },
      });
    }
    triton.answer(TOY);
    expect(await failureOf(replica)).toBeNull();
    expect(triton.connections()).toBe(2);
  });

  it('to a server that shuts down lets the running answer end', async () => {
    const running: FakeInference[] = [];
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer(inference) {
        inference.send(PIECE, false);
        running.push(inference);
      },
    });
    await using replica = testTritonReplica(triton.url);
    const generation = await replica.generate(chat('Hi'), testCall());
    const stopped = triton.shutDown();
    running[0]?.send(LAST, true);
    running[0]?.end();
    const events = await eventsOf(generation);
    expect(events.at(-1)?.type).toBe('end');
    await stopped;
  });

  it('that cannot be made names no address', async () => {
    await using replica = testTritonReplica('grpc://127.0.0.1:1');
    const warm = await replica.warmUp(testCall());
    expect(warm).toEqual({
      ok: false,
      failure: {
        code: 'engine_unavailable',
        message: 'the engine cannot be reached',
        sent: false,
        blamesReplica: true,
      },
    });
  });

  it('is shared by all calls of a replica, and not with another replica', async () => {
    await using triton = await startFakeTriton({ model: VLLM_MODEL, answer: TOY });
    await using one = testTritonReplica(triton.url);
    await using other = testTritonReplica(triton.url);
    await Promise.all([one, one, one, other, other].map((replica) => failureOf(replica)));
    expect(triton.connections()).toBe(2);
  });

  it('that is closed ends the calls on it', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer: (inference) => inference.send(PIECE, false),
    });
    const replica = testTritonReplica(triton.url);
    const generation = await replica.generate(chat('Hi'), testCall());
    await replica.close();
    expect((await eventsOf(generation)).at(-1)).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_unavailable', message: 'the connection to the engine is closed' },
    });
    await triton.idle();
    expect(await failureOf(replica)).toMatchObject({ code: 'engine_unavailable', sent: false });
  });
});

describe('a choice that fails', () => {
  it('ends the others too', async () => {
    await using triton = await startFakeTriton({
      model: VLLM_MODEL,
      answer(inference) {
        if (inference.request.id?.endsWith('-1-1') !== true) {
          inference.send(PIECE, false);
          return;
        }
        inference.error('Error generating stream: broken');
        inference.end();
      },
    });
    await using replica = testTritonReplica(triton.url);
    expect(await failureOf(replica, { n: 3 })).toMatchObject({ code: 'engine_error', sent: true });
    await triton.idle();
    expect(triton.cancelled()).toBe(2);
  });
});
