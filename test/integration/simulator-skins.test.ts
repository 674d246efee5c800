import { describe, expect, it } from 'vitest';
import type { SimulatorFlavour } from '../../src/contracts/simulator.ts';
import { type Json, type SimulatorClient, startTestSimulator } from './simulator-client.ts';

const CHAT = '/v1/chat/completions';
const HELLO = { model: 'toy', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 2 };

function start(flavour: SimulatorFlavour): Promise<SimulatorClient> {
  return startTestSimulator({ flavour, clock: { maxRunning: 4 } });
}

/** The events of a stream, the end marker as `null`. */
async function eventsOf(simulator: SimulatorClient, fields: Json): Promise<(Json | null)[]> {
  const { text } = await simulator.post(CHAT, { ...HELLO, ...fields, stream: true });
  const lines = text.split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => (line === 'data: [DONE]' ? null : JSON.parse(line.slice(6))));
}

describe('an error', () => {
  it.each([
    [
      'trtllm',
      { top_p: 2 },
      {
        object: 'error',
        message: 'top_p must be in (0, 1], got 2.0. (parameter=top_p, value=2.0)',
        type: 'BadRequestError',
        param: null,
        code: 400,
      },
    ],
    ['trtllm', { structured_outputs: {} }, { object: 'error', code: 400 }],
    ['sglang', { top_p: 2 }, { object: 'error', type: 'BadRequestError', param: 'top_p', code: 400 }],
    [
      'llamacpp',
      { n: 9 },
      {
        error: {
          code: 400,
          message: "Field 'n': Value must be between 1 <= value <= 4, but got 9",
          type: 'invalid_request_error',
        },
      },
    ],
    [
      'ollama',
      { top_logprobs: 21 },
      {
        error: {
          message: 'top_logprobs must be between 0 and 20',
          type: 'invalid_request_error',
          param: null,
          code: null,
        },
      },
    ],
    [
      'openai',
      { min_tokens: 1 },
      { error: { message: 'Unrecognized request argument supplied: min_tokens', code: null } },
    ],
  ] as const)('of %s for %o has its own shape', async (flavour, fields, body) => {
    await using simulator = await start(flavour);
    const reply = await simulator.post(CHAT, { ...HELLO, ...fields });
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject(body);
  });

  it('of llama.cpp about JSON is a 500', async () => {
    await using simulator = await start('llamacpp');
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    const reply = await fetch(`${simulator.url}${CHAT}`, init);
    expect(reply.status).toBe(500);
    expect(await reply.text()).toContain('[json.exception.parse_error.101]');
  });

  it.each([
    ['vllm', ['event', null]],
    ['sglang', ['event', null]],
    ['llamacpp', ['event']],
    ['ollama', ['event']],
    ['trtllm', []],
  ] as const)('in the middle of a stream of %s ends it its own way', async (flavour, rest) => {
    await using simulator = await start(flavour);
    await simulator.faults({ errorEventAfterEvents: 1 });
    const events = await eventsOf(simulator, {});
    expect(events.slice(1).map((event) => (event === null ? null : 'event'))).toEqual(rest);
  });
});

describe('a field that the engine does not know', () => {
  it.each(['sglang', 'llamacpp', 'ollama'] as const)('is ignored by %s', async (flavour) => {
    await using simulator = await start(flavour);
    const reply = await simulator.post(CHAT, { ...HELLO, structured_outputs: { choice: ['yes'] } });
    expect(reply.status).toBe(200);
    expect(reply.json['choices'][0].message.content).not.toBe('yes');
  });
});

describe('a stream of llama.cpp', () => {
  it('opens with null, finishes apart, shows ids and tells usage once for each choice', async () => {
    await using simulator = await start('llamacpp');
    const events = await eventsOf(simulator, {
      n: 2,
      temperature: 0,
      logprobs: true,
      top_logprobs: 30,
      ignore_eos: true,
      stream_options: { include_usage: true },
    });
    const [opening, ...others] = events;
    expect(opening).toMatchObject({
      system_fingerprint: 'b1-de3ff81',
      choices: [{ index: 0, delta: { role: 'assistant', content: null }, finish_reason: null }],
    });
    const ends = others.filter((event) => event?.['choices'][0]?.finish_reason === 'length');
    expect(ends.map((event) => event?.['choices'][0])).toEqual([
      { index: 0, delta: {}, finish_reason: 'length' },
      { index: 1, delta: {}, finish_reason: 'length' },
    ]);
    const usages = others.flatMap((event) => event?.['usage'] ?? []);
    expect(usages.map(({ completion_tokens: count }) => count)).toEqual([2, 2]);
    const [content] = others.flatMap((event) => event?.['choices'][0]?.logprobs?.content ?? []);
    expect(content.id).toEqual(expect.any(Number));
    const values = content.top_logprobs.map(({ logprob }: Json) => logprob);
    expect(values).toHaveLength(30);
    expect(values).toEqual(values.toSorted((x: number, y: number) => y - x));
    expect(others.at(-1)).toBeNull();
  });
});

describe('a completion of llama.cpp', () => {
  it('tells usage with its finish reason', async () => {
    await using simulator = await start('llamacpp');
    const asked = { prompt: 'a b', max_tokens: 2, ignore_eos: true, stream: true };
    const { text } = await simulator.post('/v1/completions', {
      ...asked,
      stream_options: { include_usage: true },
    });
    const lines = text.split('\n\n').filter((line) => line !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines.at(-2)!.slice(6))).toMatchObject({
      choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
  });
});

describe('the lists of likely tokens', () => {
  it('are strict where the sampled token has no place of its own', async () => {
    const asked = { ...HELLO, seed: 3, temperature: 2, logprobs: true, top_logprobs: 1, max_tokens: 20 };
    await using listing = await start('vllm');
    const first = await listing.post(CHAT, asked);
    const tokens: Json[] = first.json['choices'][0].logprobs.content;
    expect(tokens.every(({ token, top_logprobs: top }) => top[0].token === token)).toBe(true);
    await using strict = await start('sglang');
    const other = await strict.post(CHAT, asked);
    const missing: Json[] = other.json['choices'][0].logprobs.content;
    expect(missing.some(({ token, top_logprobs: top }) => top[0].token !== token)).toBe(true);
  });
});

describe('small endpoints', () => {
  it.each([
    ['trtllm', '/_internal/tokenize', { prompt: ' A' }, { tokens: [262] }],
    ['llamacpp', '/tokenize', { content: ' A' }, { tokens: [262] }],
    ['llamacpp', '/tokenize', { prompt: ' A' }, { tokens: [] }],
    ['llamacpp', '/detokenize', { tokens: [262] }, { content: ' A' }],
    [
      'llamacpp',
      '/apply-template',
      { messages: [{ role: 'user', content: 'x' }] },
      { prompt: '<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n' },
    ],
  ] as const)('of %s: %s %o', async (flavour, path, body, expected) => {
    await using simulator = await start(flavour);
    expect((await simulator.post(path, body)).json).toEqual(expected);
  });

  it.each([
    ['trtllm', '/version', { version: expect.any(String) }],
    ['sglang', '/server_info', { version: expect.any(String) }],
    ['llamacpp', '/props', { default_generation_settings: { n_ctx: 2048 }, total_slots: 4 }],
    ['ollama', '/api/ps', { models: [{ name: 'toy:latest', context_length: 2048 }] }],
    ['trtllm', '/v1/models', { data: [{ id: 'toy', owned_by: 'tensorrt_llm' }] }],
    ['llamacpp', '/v1/models', { data: [{ id: 'toy', meta: { n_ctx: 2048 } }] }],
  ] as const)('of %s: %s', async (flavour, path, expected) => {
    await using simulator = await start(flavour);
    expect((await simulator.get(path)).json).toMatchObject(expected);
  });

  it.each([
    ['sglang', '/metrics', 'sglang:num_running_reqs{engine_type="unified",model_name="toy",tp_rank="0"} 0'],
    ['llamacpp', '/metrics', 'llamacpp:requests_processing 0'],
    [
      'trtllm',
      '/prometheus/metrics',
      'trtllm_num_requests_running{engine_type="pytorch",model_name="toy"} 0',
    ],
  ] as const)('of %s: %s has its own names', async (flavour, path, line) => {
    await using simulator = await start(flavour);
    const { text } = await simulator.get(path);
    expect(text.split('\n')).toContain(line);
    expect(text).not.toContain('vllm:');
  });

  it.each([
    ['trtllm', '/tokenize'],
    ['ollama', '/metrics'],
    ['openai', '/version'],
    ['llamacpp', '/load'],
  ] as const)('of %s: there is no %s', async (flavour, path) => {
    await using simulator = await start(flavour);
    expect((await simulator.get(path)).status).toBe(404);
  });
});
