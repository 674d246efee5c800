import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  askLabels,
  dataOf,
  eventsOf,
  firstOf,
  type Json,
  judgePrompt,
  type SimulatorClient,
  startTestSimulator,
} from './simulator-client.ts';

/** What a vLLM 0.32 was seen to send, as sets of keys and fixed values. */
const REPLY_KEYS =
  'id object created model choices service_tier system_fingerprint usage prompt_logprobs prompt_token_ids prompt_text kv_transfer_params ec_transfer_params metrics'.split(
    ' ',
  );
const CHOICE_KEYS = 'index message logprobs finish_reason stop_reason token_ids routed_experts'.split(' ');
const MESSAGE_KEYS = 'role content refusal annotations audio function_call reasoning'.split(' ');
const TEXT_REPLY_KEYS =
  'id object created model choices service_tier system_fingerprint usage kv_transfer_params ec_transfer_params metrics'.split(
    ' ',
  );
const TEXT_CHOICE_KEYS =
  'index text logprobs finish_reason stop_reason token_ids prompt_logprobs prompt_token_ids routed_experts'.split(
    ' ',
  );

let simulator: SimulatorClient;
beforeAll(async () => {
  simulator = await startTestSimulator();
});
afterAll(() => simulator.close());

const hello = [{ role: 'user', content: 'Tell me about the sea.' }];

async function chat(fields: Json = {}): Promise<Json> {
  const reply = await simulator.post('/v1/chat/completions', { messages: hello, temperature: 0, ...fields });
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.json;
}

async function chatStream(fields: Json = {}): Promise<Json[]> {
  const body = { messages: hello, temperature: 0, stream: true, ...fields };
  return eventsOf((await simulator.post('/v1/chat/completions', body)).text);
}

async function complete(fields: Json): Promise<Json> {
  const reply = await simulator.post('/v1/completions', { temperature: 0, ...fields });
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.json;
}

async function tokensOf(text: string): Promise<number[]> {
  const reply = await simulator.post('/tokenize', { prompt: text, add_special_tokens: false });
  return reply.json['tokens'] as number[];
}

describe('a chat reply', () => {
  it('has the shape of the original', async () => {
    const reply = await chat({ max_tokens: 4 });
    expect(Object.keys(reply)).toEqual(REPLY_KEYS);
    expect(reply).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{16}$/),
      object: 'chat.completion',
      model: 'toy',
      service_tier: null,
      system_fingerprint: expect.stringMatching(/^vllm-0\.32\.0-[0-9a-f]{8}$/),
    });
    const choice = firstOf(reply['choices']);
    expect(Object.keys(choice)).toEqual(CHOICE_KEYS);
    expect(Object.keys(choice['message'])).toEqual(MESSAGE_KEYS);
    expect(choice).toMatchObject({ index: 0, logprobs: null, finish_reason: 'length', stop_reason: null });
    expect(choice['message']['content']).toMatch(/^( [a-z]+\.?){3,4}$/);
  });

  it('says what it is, and has the headers of the original', async () => {
    const { headers } = await simulator.post('/v1/chat/completions', { messages: hello, max_tokens: 1 });
    expect(headers.get('server')).toBe('uvicorn');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('vary')).toBe('Origin');
    expect(headers.get('x-assay-simulator')).toBe('1');
    expect(headers.get('keep-alive')).toBeNull();
  });

  it('says the same to the same question, and ends by itself', async () => {
    const [one, two] = [await chat(), await chat()];
    expect(one['choices']).toEqual(two['choices']);
    expect(one['choices'][0].finish_reason).toBe('stop');
    expect(one['id']).not.toBe(two['id']);
    const other = await chat({ messages: [{ role: 'user', content: 'Tell me about the land.' }] });
    expect(other['choices'][0].message.content).not.toBe(one['choices'][0].message.content);
  });

  it('counts its tokens as its tokenizer does', async () => {
    const reply = await chat({ max_tokens: 5 });
    const { count } = (await simulator.post('/tokenize', { messages: hello })).json as { count: number };
    expect(reply['usage']).toMatchObject({
      prompt_tokens: count,
      completion_tokens: 5,
      total_tokens: count + 5,
      completion_tokens_details: null,
    });
  });

  it('tells what its cache had, apart by salt', async () => {
    const usage = async (salt: string) => {
      const reply = await chat({
        messages: [{ role: 'user', content: 'A prompt that nobody else has sent. '.repeat(8) }],
        max_tokens: 1,
        cache_salt: salt,
      });
      return reply['usage'].prompt_tokens_details as Json;
    };
    const first = await usage('one');
    expect(first).toEqual({
      cached_tokens: 0,
      created_cache_tokens: expect.any(Number),
      multimodal_tokens: null,
    });
    expect(first['created_cache_tokens'] % 16).toBe(0);
    expect(await usage('one')).toEqual({
      cached_tokens: first['created_cache_tokens'],
      created_cache_tokens: 0,
      multimodal_tokens: null,
    });
    expect((await usage('two'))['cached_tokens']).toBe(0);
  });

  it('takes a request id into its own', async () => {
    const body = { messages: hello, max_tokens: 1 };
    const reply = await simulator.post('/v1/chat/completions', body, {
      headers: { 'x-request-id': 'judge-42' },
    });
    expect(reply.json['id']).toBe('chatcmpl-judge-42');
  });

  it('ignores fields that it does not know', async () => {
    const plain = await chat({ max_tokens: 3 });
    const odd = await chat({ max_tokens: 3, guided_choice: ['x'], no_such_field: { deep: [1] } });
    expect(odd['choices']).toEqual(plain['choices']);
  });

  it('stops at a text, a token or at the end, and says at which', async () => {
    const whole = (await chat())['choices'][0].message.content as string;
    const words = whole.split(' ');
    const stopped = (await chat({ stop: [` ${words[3]}`, 'never'] }))['choices'][0];
    expect(stopped).toMatchObject({ finish_reason: 'stop', stop_reason: ` ${words[3]}` });
    expect(stopped.message.content).toBe(words.slice(0, 3).join(' '));
    const kept = (await chat({ stop: ` ${words[3]}`, include_stop_str_in_output: true }))['choices'][0];
    expect(kept.message.content).toBe(words.slice(0, 4).join(' '));
    const [token] = await tokensOf(` ${words[2]}`);
    expect((await chat({ stop_token_ids: [token] }))['choices'][0]).toMatchObject({ stop_reason: token });
    expect((await chat())['choices'][0]).toMatchObject({ finish_reason: 'stop', stop_reason: null });
  });

  it('goes on past its end when asked to', async () => {
    const reply = await chat({ ignore_eos: true, max_tokens: 300 });
    expect(reply['choices'][0].finish_reason).toBe('length');
    expect(reply['usage'].completion_tokens).toBe(300);
  });

  it('cuts too large an answer to what fits', async () => {
    const reply = await chat({ ignore_eos: true, max_tokens: 2048 });
    expect(reply['usage'].total_tokens).toBe(2048);
  });

  it('gives several answers, the same for the same seed', async () => {
    const ask = async (seed: number) => {
      const reply = await chat({ n: 3, temperature: 1, seed, max_tokens: 8 });
      return (reply['choices'] as Json[]).map((choice) => choice['message'].content as string);
    };
    const answers = await ask(5);
    expect(new Set(answers).size).toBe(3);
    expect(await ask(5)).toEqual(answers);
    expect(await ask(6)).not.toEqual(answers);
  });
});

describe('log-probabilities of a chat reply', () => {
  const positionsOf = async (fields: Json): Promise<Json[]> =>
    (await chat({ logprobs: true, ...fields }))['choices'][0].logprobs.content as Json[];

  it('lists the sampled token first and the likely ones in order', async () => {
    const position = firstOf(await positionsOf({ max_tokens: 1, top_logprobs: 20 }));
    expect(Object.keys(position)).toEqual(['token', 'logprob', 'bytes', 'top_logprobs']);
    const listed = position['top_logprobs'] as Json[];
    expect(listed).toHaveLength(20);
    expect(listed[0]).toEqual({
      token: position['token'],
      logprob: position['logprob'],
      bytes: position['bytes'],
    });
    const values = listed.map((entry) => entry['logprob'] as number);
    expect(values).toEqual(values.toSorted((x, y) => y - x));
  });

  it('lets an unlikely sampled token take a place in the list', async () => {
    const [id] = await tokensOf('Z');
    const position = firstOf(await positionsOf({ max_tokens: 1, top_logprobs: 3, allowed_token_ids: [id] }));
    const listed = position['top_logprobs'] as Json[];
    expect(listed.map((entry) => entry['token'])[0]).toBe('Z');
    expect(listed).toHaveLength(3);
    expect(listed[0]?.['logprob']).toBeLessThan(listed[2]?.['logprob']);
  });

  it('are raw: nothing that steers the sampling changes them', async () => {
    const [id] = await tokensOf(' sea');
    const asked = { max_tokens: 1, top_logprobs: 5 };
    const valuesOf = async (fields: Json) => {
      const position = firstOf(await positionsOf({ ...asked, ...fields }));
      const listed = position['top_logprobs'] as Json[];
      return new Map(listed.map((entry) => [entry['token'], entry['logprob']]));
    };
    const plain = await valuesOf({});
    for (const fields of [{ temperature: 2 }, { logit_bias: { [String(id)]: 50 } }, { bad_words: ['the'] }]) {
      const shared = [...(await valuesOf(fields))].filter(([token]) => plain.has(token));
      expect(shared.length).toBeGreaterThanOrEqual(4);
      expect(shared).toEqual(shared.map(([token]) => [token, plain.get(token)]));
    }
  });

  it('come for exactly the ids asked for, in that order, after the sampled token', async () => {
    const ids = (await Promise.all([' B', 'A', ' A', 'B'].map(tokensOf))).flat();
    const position = firstOf(
      await positionsOf({
        max_tokens: 1,
        logprob_token_ids: [...ids, ids[0]],
        top_logprobs: 3,
      }),
    );
    const listed = (position['top_logprobs'] as Json[]).map((entry) => entry['token']);
    expect(listed).toEqual([position['token'], ' B', 'A', ' A', 'B']);
    const none = firstOf(await positionsOf({ max_tokens: 1, logprob_token_ids: [] }));
    expect(none['top_logprobs']).toEqual([]);
  });

  it('print as ids when asked to, the sampled one with its real bytes', async () => {
    const [a] = await tokensOf('A');
    const position = firstOf(
      await positionsOf({
        messages: [{ role: 'user', content: judgePrompt('x', 'y') }],
        max_tokens: 1,
        allowed_token_ids: [a],
        top_logprobs: 1,
        return_tokens_as_token_ids: true,
      }),
    );
    expect(position).toMatchObject({ token: `token_id:${a}`, bytes: [65] });
    expect(position['top_logprobs'][0]).toMatchObject({
      token: `token_id:${a}`,
      bytes: [...Buffer.from(`token_id:${a}`)],
    });
  });

  it('are renormalised under a choice, and -9999 outside it', async () => {
    const content = judgePrompt('x', 'y');
    const free = await askLabels(simulator, content);
    const ids = (await Promise.all(['A', ' A', 'B', ' B'].map(tokensOf))).flat();
    const reply = await chat({
      messages: [{ role: 'user', content }],
      max_tokens: 4,
      logprobs: true,
      logprob_token_ids: ids,
      structured_outputs: { choice: ['A', 'B'] },
    });
    const [label = {}, end = {}] = reply['choices'][0].logprobs.content as Json[];
    const values = new Map(
      (label['top_logprobs'] as Json[]).map((entry) => [entry['token'], entry['logprob']]),
    );
    expect(Math.exp(values.get('A'))).toBeCloseTo(free.a / (free.a + free.b), 9);
    expect(Math.exp(values.get('A')) + Math.exp(values.get('B'))).toBeCloseTo(1, 9);
    expect([values.get(' A'), values.get(' B')]).toEqual([-9999, -9999]);
    expect(end).toMatchObject({ token: '<|im_end|>', logprob: 0 });
    expect(reply['choices'][0]).toMatchObject({ finish_reason: 'stop' });
    expect(['A', 'B']).toContain(reply['choices'][0].message.content);
    expect(reply['usage'].completion_tokens).toBe(2);
  });
});

describe('a judge prompt', () => {
  it('puts the mass on the labels, whatever its code', async () => {
    const one = await askLabels(simulator, judgePrompt('first text', 'second text', { code: 'aaaa1111' }));
    const other = await askLabels(simulator, judgePrompt('first text', 'second text', { code: 'zzzz9999' }));
    expect(one.mass).toBeCloseTo(0.98, 9);
    expect(other).toEqual(one);
  });

  it('turns the labels round with the order', async () => {
    const one = await askLabels(simulator, judgePrompt('x', 'y'));
    const other = await askLabels(simulator, judgePrompt('y', 'x'));
    expect(other.a).toBeCloseTo(one.b, 9);
    expect(other.tie).toBeCloseTo(one.tie, 9);
  });

  it('is found in the last user message, and in a plain prompt', async () => {
    const reply = await chat({
      messages: [
        { role: 'system', content: 'Judge.' },
        { role: 'user', content: [{ type: 'text', text: judgePrompt('x', 'y') }] },
      ],
    });
    expect(['A', 'B', 'C']).toContain(reply['choices'][0].message.content);
    const text = await complete({ prompt: judgePrompt('x', 'y') });
    expect(['A', 'B', 'C']).toContain(text['choices'][0].text);
  });
});

describe('a chat stream', () => {
  it('begins with the role, ends with the reason, and marks its end', async () => {
    const events = await chatStream({ max_tokens: 3 });
    expect(events).toHaveLength(4);
    expect(Object.keys(events[0] ?? {})).toEqual(
      'id object created model choices prompt_token_ids prompt_text'.split(' '),
    );
    expect(events[0]).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
    });
    expect(events[1]?.['choices'][0]).toEqual({
      index: 0,
      delta: { content: expect.stringMatching(/^ [a-z]+$/) },
      logprobs: null,
      finish_reason: null,
      token_ids: null,
    });
    expect(events[3]?.['choices'][0]).toMatchObject({ finish_reason: 'length', stop_reason: null });
    expect(events.map((event) => 'system_fingerprint' in event)).toEqual([false, false, false, true]);
    expect(events.some((event) => 'usage' in event)).toBe(false);
  });

  it('says word for word what the whole reply says', async () => {
    const events = await chatStream({ logprobs: true, top_logprobs: 2 });
    const reply = await chat({ logprobs: true, top_logprobs: 2 });
    const text = events.map((event) => event['choices'][0].delta.content).join('');
    expect(text).toBe(reply['choices'][0].message.content);
    const positions = events.flatMap((event) => event['choices'][0].logprobs?.content ?? []);
    expect(positions).toEqual(reply['choices'][0].logprobs.content);
  });

  it('ends with usage when asked for it', async () => {
    const events = await chatStream({ max_tokens: 2, stream_options: { include_usage: true } });
    const last = events.at(-1);
    expect(last?.['choices']).toEqual([]);
    expect(last?.['usage']).toEqual({
      prompt_tokens: expect.any(Number),
      total_tokens: expect.any(Number),
      completion_tokens: 2,
      prompt_tokens_details: { cached_tokens: expect.any(Number), created_cache_tokens: expect.any(Number) },
    });
    expect(last?.['system_fingerprint']).toMatch(/^vllm-/);
    expect(events.slice(0, -1).some((event) => 'usage' in event || 'system_fingerprint' in event)).toBe(
      false,
    );
  });

  it('opens all choices before their tokens and counts each by itself', async () => {
    const events = await chatStream({
      n: 2,
      temperature: 1,
      seed: 1,
      max_tokens: 2,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    expect(events.slice(0, 2).map((event) => event['choices'][0].index)).toEqual([0, 1]);
    expect(events[1]?.['choices'][0].delta).toEqual({ role: 'assistant', content: '' });
    const counts = events.map((event) => event['usage'].completion_tokens as number);
    expect(counts.slice(0, 2)).toEqual([0, 0]);
    expect(counts.slice(2, -1)).toEqual([1, 1, 2, 2]);
    expect(events.slice(2, -1).map((event) => event['choices'][0].index)).toEqual([0, 1, 0, 1]);
    expect(counts.at(-1)).toBe(4);
    expect(events[2]?.['usage']).not.toHaveProperty('prompt_tokens_details');
  });

  it('holds back what may become a stop text', async () => {
    const whole = (await chat())['choices'][0].message.content as string;
    const stop = whole.split(' ').slice(2, 4).join(' ');
    const events = await chatStream({ stop });
    const text = events.map((event) => event['choices'][0].delta.content).join('');
    expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(events.at(-1)?.['choices'][0]).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
  });
});

describe('structured answers', () => {
  const schema = {
    type: 'object',
    properties: { label: { enum: ['A', 'B'] }, why: { type: 'string' } },
    required: ['label', 'why'],
  };

  it('are JSON that fits the schema', async () => {
    const reply = await chat({
      response_format: { type: 'json_schema', json_schema: { name: 'v', schema } },
    });
    expect(JSON.parse(reply['choices'][0].message.content)).toEqual({ label: 'A', why: 'text' });
    const extra = await chat({ structured_outputs: { json: schema } });
    expect(extra['choices'][0].message.content).toBe(reply['choices'][0].message.content);
    const object = await chat({ response_format: { type: 'json_object' } });
    expect(object['choices'][0].message.content).toBe('{}');
  });

  it('call the function that must be called', async () => {
    const tools = [{ type: 'function', function: { name: 'judge', parameters: schema } }];
    const named = { type: 'function', function: { name: 'judge' } };
    const choice = firstOf((await chat({ tools, tool_choice: named }))['choices']);
    expect(choice).toMatchObject({ finish_reason: 'stop', message: { content: '' } });
    const call = firstOf(choice['message'].tool_calls);
    expect(call).toMatchObject({ id: expect.stringMatching(/^chatcmpl-tool-/), type: 'function' });
    expect(call['function']).toEqual({ name: 'judge', arguments: '{"label":"A","why":"text"}' });
    expect((await chat({ tools, tool_choice: 'required' }))['choices'][0].finish_reason).toBe('tool_calls');
  });

  it('stream their arguments in pieces', async () => {
    const tools = [{ type: 'function', function: { name: 'judge', parameters: schema } }];
    const events = await chatStream({ tools, tool_choice: 'required' });
    const calls = events.flatMap((event) => event['choices'][0].delta.tool_calls ?? []) as Json[];
    expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'judge' } });
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.map((call) => call['function'].arguments).join('')).toBe('{"label":"A","why":"text"}');
    expect(events.at(-1)?.['choices'][0].finish_reason).toBe('tool_calls');
  });
});

describe('a completion', () => {
  it('has the shape of the original', async () => {
    const reply = await complete({ prompt: 'One', max_tokens: 3 });
    expect(Object.keys(reply)).toEqual(TEXT_REPLY_KEYS);
    expect(reply).toMatchObject({ id: expect.stringMatching(/^cmpl-/), object: 'text_completion' });
    expect(Object.keys(reply['choices'][0])).toEqual(TEXT_CHOICE_KEYS);
    expect(reply['usage'].prompt_tokens_details.created_cache_tokens).toBeNull();
  });

  it('answers an array of prompts with label probabilities, one choice each', async () => {
    const ids = (await Promise.all(['A', ' A', 'B'].map(tokensOf))).flat();
    const reply = await complete({
      prompt: [judgePrompt('u', 'v'), judgePrompt('x', 'y')],
      max_tokens: 1,
      logprobs: 0,
      logprob_token_ids: ids,
      return_tokens_as_token_ids: true,
    });
    const choices = reply['choices'] as Json[];
    expect(choices.map((choice) => choice['index'])).toEqual([0, 1]);
    for (const { logprobs } of choices) {
      const [listed] = logprobs.top_logprobs as Json[];
      expect(Object.keys(listed ?? {})).toEqual(expect.arrayContaining(ids.map((id) => `token_id:${id}`)));
      expect(logprobs.text_offset).toEqual([0]);
    }
    expect(reply['usage'].completion_tokens).toBe(2);
    const byTokens = await complete({
      prompt: [await tokensOf('One'), await tokensOf('Two')],
      max_tokens: 1,
    });
    expect(byTokens['choices']).toHaveLength(2);
  });

  it('scores its prompt when it echoes it and answers nothing', async () => {
    const reply = await complete({ prompt: 'Answer: A', max_tokens: 0, echo: true, logprobs: 1 });
    const choice = firstOf(reply['choices']);
    expect(choice['text']).toBe('Answer: A');
    const { tokens, token_logprobs: values, text_offset: offsets, top_logprobs: listed } = choice['logprobs'];
    expect(tokens.join('')).toBe('<|begin_of_text|>Answer: A');
    expect(offsets.slice(0, 2)).toEqual([0, 17]);
    expect(values[0]).toBeNull();
    expect(listed[0]).toBeNull();
    expect(values.slice(1).every((value: number) => value < 0 && value > -40)).toBe(true);
    expect(choice['prompt_logprobs']).toHaveLength(tokens.length);
    expect(Object.values(choice['prompt_logprobs'][1])[0]).toEqual({
      logprob: expect.any(Number),
      rank: expect.any(Number),
      decoded_token: expect.any(String),
    });
    expect(reply['usage']).toMatchObject({ prompt_tokens: tokens.length, completion_tokens: 1 });
  });

  it('streams a character split over tokens as empty texts and then whole', async () => {
    const { text } = await simulator.post('/v1/completions', {
      prompt: 'x',
      max_tokens: 8,
      stream: true,
      logprobs: 0,
      structured_outputs: { choice: ['§東'] },
    });
    const choices = eventsOf(text).map((event) => event['choices'][0] as Json);
    expect(choices.map((choice) => choice['text'])).toEqual(['', '§', '', '', '東', '']);
    expect(choices.map((choice) => choice['logprobs'].text_offset[0])).toEqual([0, 0, 1, 1, 1, 2]);
    expect(choices.at(-1)).toMatchObject({ finish_reason: 'stop', stop_reason: null });
    expect(dataOf(text).at(-1)).toBe('[DONE]');
  });

  it('ends a stream with usage that tells only of cached tokens', async () => {
    const { text } = await simulator.post('/v1/completions', {
      prompt: 'One',
      max_tokens: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
    const events = eventsOf(text);
    expect(Object.keys(events[0]?.['choices'][0])).toEqual(
      'index text logprobs finish_reason stop_reason prompt_token_ids token_ids'.split(' '),
    );
    expect(events.at(-1)?.['usage'].prompt_tokens_details).toEqual({ cached_tokens: 0 });
  });
});

describe('the other endpoints', () => {
  it('tell the model and its length', async () => {
    const { json } = await simulator.get('/v1/models');
    expect(json).toMatchObject({
      object: 'list',
      data: [{ id: 'toy', owned_by: 'vllm', max_model_len: 2048 }],
    });
    expect((await simulator.get('/version')).json).toEqual({ version: '0.32.0' });
  });

  it('answer probes with nothing', async () => {
    for (const path of ['/health', '/ping']) {
      const reply = await simulator.get(path);
      expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([200, '', null]);
    }
    expect((await simulator.post('/ping', '')).status).toBe(200);
  });

  it('tokenise conversations with one beginning, and the answer after it', async () => {
    const { json } = await simulator.post('/tokenize', { messages: hello, return_token_strs: true });
    const strings = json['token_strs'] as string[];
    expect(strings.slice(0, 2)).toEqual(['<|begin_of_text|>', '<|im_start|>']);
    expect(strings.filter((each) => each === '<|begin_of_text|>')).toHaveLength(1);
    expect(strings.at(-1)).toBe('Ċ');
    const open = await simulator.post('/tokenize', {
      messages: [...hello, { role: 'assistant', content: 'A' }],
      add_generation_prompt: false,
      continue_final_message: true,
    });
    expect(open.json['tokens']).toEqual([...(json['tokens'] as number[]), ...(await tokensOf('A'))]);
    const back = await simulator.post('/detokenize', { tokens: json['tokens'] });
    const again = await simulator.post('/tokenize', {
      prompt: back.json['prompt'],
      add_special_tokens: false,
    });
    expect(again.json['tokens']).toEqual(json['tokens']);
    expect((await simulator.post('/detokenize', { tokens: [10_000_000] })).json).toEqual({ prompt: '' });
  });

  it('embed texts as unit vectors, alike for alike texts', async () => {
    const input = ['the sea is deep and wide', 'the sea is deep and cold', 'forty red bicycles'];
    const { json } = await simulator.post('/v1/embeddings', { model: 'toy', input });
    const vectors = (json['data'] as Json[]).map((entry) => entry['embedding'] as number[]);
    const dot = (x: number[] = [], y: number[] = []) =>
      x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
    for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 9);
    expect(dot(vectors[0], vectors[1])).toBeGreaterThan(dot(vectors[0], vectors[2]) + 0.2);
    const packed = await simulator.post('/v1/embeddings', { input: input[0], encoding_format: 'base64' });
    const floats = new Float32Array(
      new Uint8Array(Buffer.from(packed.json['data'][0].embedding, 'base64')).buffer,
    );
    expect(floats[0]).toBeCloseTo(vectors[0]?.[0] ?? Number.NaN, 6);
  });

  it('score labels after items', async () => {
    const ids = (await Promise.all(['A', 'B'].map(tokensOf))).flat();
    const { json } = await simulator.post('/generative_scoring', {
      query: '',
      items: [judgePrompt('x', 'y'), judgePrompt('y', 'x')],
      label_token_ids: ids,
    });
    const scores = (json['data'] as Json[]).map((entry) => entry['score'] as number);
    expect(json['id']).toMatch(/^generative-scoring-/);
    expect((scores[0] ?? 0) + (scores[1] ?? 0)).toBeCloseTo(1, 9);
  });

  it('judge several conversations in one batch', async () => {
    const { json } = await simulator.post('/v1/chat/completions/batch', {
      messages: [hello, hello],
      max_tokens: 1,
      temperature: 0,
    });
    expect(json['choices']).toHaveLength(2);
    expect(json['choices'][0].message).toEqual(json['choices'][1].message);
  });

  it('describe what this build can do', async () => {
    const { json } = await simulator.get('/openapi.json');
    const { properties } = json['components'].schemas.ChatCompletionRequest as Json;
    expect(properties).toHaveProperty('logprob_token_ids');
    expect(properties).toHaveProperty('structured_outputs');
    expect(json['paths']).toHaveProperty('/tokenize');
  });

  it('tell their load in a header when asked', async () => {
    const body = { messages: hello, max_tokens: 1 };
    const headers = (format: string) => ({ headers: { 'endpoint-load-metrics-format': format } });
    const text = await simulator.post('/v1/chat/completions', body, headers('TEXT'));
    expect(text.headers.get('endpoint-load-metrics')).toMatch(
      /^TEXT named_metrics\.kv_cache_usage_perc=[\d.]+, named_metrics\.num_requests_waiting=0\.0$/,
    );
    const json = await simulator.post('/v1/chat/completions', body, headers('JSON'));
    expect(json.headers.get('endpoint-load-metrics')).toMatch(/^JSON \{"named_metrics": /);
  });
});

describe('an older server', () => {
  it('ignores label ids and does not list them', async () => {
    await using old = await startTestSimulator({ labelIds: false });
    const { json } = await old.post('/v1/chat/completions', {
      messages: hello,
      max_tokens: 1,
      logprobs: true,
      top_logprobs: 2,
      logprob_token_ids: [9_999_999],
    });
    expect(json['choices'][0].logprobs.content[0].top_logprobs).toHaveLength(2);
    const { properties } = (await old.get('/openapi.json')).json['components'].schemas.ChatCompletionRequest;
    expect(properties).not.toHaveProperty('logprob_token_ids');
  });
});
