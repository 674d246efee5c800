import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchangeRaw } from '../fakes/raw-http.ts';
import { type Json, type SimulatorClient, startTestSimulator } from './simulator-client.ts';

let simulator: SimulatorClient;
beforeAll(async () => {
  simulator = await startTestSimulator();
});
afterAll(() => simulator.close());

const messages = [{ role: 'user', content: 'hello' }];

async function refused(fields: Json, path = '/v1/chat/completions'): Promise<Json> {
  const reply = await simulator.post(
    path,
    path.endsWith('chat/completions') ? { messages, ...fields } : fields,
  );
  if (reply.json['error'] === undefined) throw new Error(`not refused: ${reply.text}`);
  expect(reply.json['error'].code).toBe(reply.status);
  return reply.json['error'] as Json;
}

describe('what the simulator refuses, and how', () => {
  it.each<[Json, Json]>([
    [
      { model: 'nope' },
      {
        code: 404,
        type: 'NotFoundError',
        param: 'model',
        message: 'The model `nope` does not exist. Valid aliases: toy.',
      },
    ],
    [
      { top_logprobs: 5 },
      {
        code: 400,
        type: 'BadRequestError',
        param: 'top_logprobs',
        message: 'when using `top_logprobs`, `logprobs` must be set to true. (parameter=top_logprobs)',
      },
    ],
    [
      { logprobs: true, top_logprobs: 21 },
      {
        param: 'logprobs',
        message:
          'Requested sample logprobs of 21, which is greater than max allowed: 20 (parameter=logprobs, value=21)',
      },
    ],
    [
      { logprob_token_ids: [1] },
      {
        param: 'logprob_token_ids',
        message:
          'when using `logprob_token_ids`, `logprobs` must be set to true. (parameter=logprob_token_ids)',
      },
    ],
    [
      { logprobs: true, logprob_token_ids: Array.from({ length: 129 }, (_, id) => id) },
      {
        message:
          'Requested logprob_token_ids of length 129, which is greater than max allowed: 128 (parameter=logprob_token_ids, value=129)',
      },
    ],
    [
      { temperature: 3 },
      {
        param: 'temperature',
        message: 'temperature must be in [0, 2], got 3.0. (parameter=temperature, value=3.0)',
      },
    ],
    [{ max_tokens: 0 }, { param: 'max_tokens', type: 'BadRequestError' }],
    [
      { max_tokens: 5000 },
      {
        param: 'max_tokens',
        message:
          'max_tokens=5000 cannot be greater than max_model_len=2048. Please request fewer output tokens. (parameter=max_tokens, value=5000)',
      },
    ],
    [{ n: 0 }, { param: 'n' }],
    [{ n: 2, temperature: 0 }, { message: expect.stringContaining('greedy sampling') }],
    [{ tools: [] }, { type: 'Bad Request' }],
    [{ messages: [] }, { code: 400 }],
    [{ cache_salt: '' }, { message: expect.stringContaining("'cache_salt' must be a non-empty string") }],
    [{ structured_outputs: { choice: [] } }, { message: "Choice '[]' cannot be an empty list" }],
    [
      { structured_outputs: { choice: ['A'], json: {} } },
      { message: expect.stringContaining('You can only use one kind of constraints') },
    ],
    [
      { structured_outputs: { regex: 'a+' } },
      { message: 'the simulator does not play structured_outputs.regex' },
    ],
    [
      { messages: [{ role: 'judge', content: 'x' }] },
      { type: 'BadRequestError', message: 'unknown role: judge' },
    ],
    [
      { messages: [{ role: 'user', content: '\ud800' }] },
      { message: 'TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]' },
    ],
    [{ stream: true, prompt_logprobs: 1 }, { param: 'prompt_logprobs' }],
    [{ stream_options: { include_usage: true } }, { param: 'stream_options' }],
    [{ continue_final_message: true }, { type: 'Bad Request' }],
    [{ allowed_token_ids: [-1] }, { param: 'allowed_token_ids' }],
  ])('%j', async (fields, error) => {
    expect(await refused(fields)).toMatchObject(error);
  });

  it('names the vocabulary where a token lies outside it, or all of it is asked for', async () => {
    const outside = await refused({ logprobs: true, logprob_token_ids: [999_999] });
    expect(outside['message']).toMatch(
      /^token_id\(s\) \[999999\] in logprob_token_ids contain out-of-vocab token ids\. Vocabulary size: \d+ \(parameter=logprob_token_ids, value=\[999999\]\)$/,
    );
    expect((await refused({ logprobs: true, top_logprobs: -1 }))['message']).toMatch(
      /^Requested sample logprobs of \d{5}, which is greater than max allowed: 20/,
    );
  });

  it('says where a body has the wrong shape', async () => {
    expect(await refused({ stop: ['1', '2', '3', '4', '5'] })).toMatchObject({ type: 'Bad Request' });
    const missing = await simulator.post('/v1/chat/completions', { model: 'toy' });
    expect(missing.json).toEqual({
      error: {
        message:
          "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required', 'input': '<dict of 1 items>'}",
        type: 'Bad Request',
        param: 'body.messages',
        code: 400,
      },
    });
    expect(await refused({ priority: 'high' })).toMatchObject({
      param: 'body.priority',
      message: expect.stringContaining("'type': 'int_parsing', 'loc': 'body.priority'"),
    });
    const list = await simulator.post('/v1/chat/completions', '[1]');
    expect(list.json['error'].message).toBe(
      "1 validation error:\n  {'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid dictionary or object to extract fields from', 'input': '<list of 1 items>'}",
    );
  });

  it('says where JSON ends to be JSON', async () => {
    const { json } = await simulator.post('/v1/chat/completions', '{"model":"tiny",');
    expect(json['error']).toEqual({
      message:
        "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.16', 'msg': 'JSON decode error', 'input': '<dict of 0 items>', 'ctx': {'error': 'Expecting property name enclosed in double quotes'}}",
      type: 'Bad Request',
      param: 'body.16',
      code: 400,
    });
    expect((await simulator.post('/v1/chat/completions', '')).json['error'].param).toBe('body.0');
  });

  it('wants JSON by name', async () => {
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': '' }]) {
      const reply = await simulator.post('/v1/chat/completions', { messages }, { headers });
      expect(reply.json['error'].message).toBe(
        "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed",
      );
    }
  });

  it('answers bytes that are no UTF-8 in a shape of its own', async () => {
    const body = Buffer.concat([
      Buffer.from('{"messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}]}'),
    ]);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    const text = await exchangeRaw(simulator.port, Buffer.concat([Buffer.from(head), body]));
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toMatch(/\r\nconnection: close\r\n/);
    expect(text.endsWith('{"detail":"There was an error parsing the body"}')).toBe(true);
  });

  it('refuses prompts that do not fit, by tokens and by characters', async () => {
    const long = await refused({ messages: [{ role: 'user', content: 'A1'.repeat(2000) }] });
    expect(long).toMatchObject({
      param: 'input_tokens',
      message:
        "This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=2049)",
    });
    const huge = await refused({ messages: [{ role: 'user', content: 'w'.repeat(400_000) }] });
    expect(huge).toMatchObject({
      param: 'input_text',
      message: expect.stringMatching(
        /^This model's maximum context length is 2048 tokens\. However, your prompt contains \d{6} characters \(more than 67584 characters, which is the upper bound for 2048 input tokens\)/,
      ),
    });
  });

  it('knows its paths and their methods', async () => {
    const unknown = await simulator.get('/v1/nope');
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Not Found' }]);
    const wrong = await simulator.get('/v1/chat/completions');
    expect([wrong.status, wrong.json, wrong.headers.get('allow')]).toEqual([
      405,
      { detail: 'Method Not Allowed' },
      'POST',
    ]);
    expect((await simulator.get('/health', { method: 'HEAD' })).status).toBe(405);
  });

  it('refuses completions that it cannot do', async () => {
    const at = (fields: Json) => refused(fields, '/v1/completions');
    expect(await at({ prompt: 'x', max_tokens: 0 })).toMatchObject({ param: 'max_tokens' });
    expect(await at({ prompt: [] })).toMatchObject({ code: 400 });
    expect(await at({ prompt: [5_000_000] })).toMatchObject({ code: 400 });
    expect(await at({ prompt: Array.from({ length: 1025 }, () => 'x') })).toMatchObject({ param: 'prompt' });
    expect(await at({ prompt: 'x', suffix: 'y' })).toMatchObject({
      message: 'suffix is not currently supported',
    });
    expect(await at({ prompt: 'x', logprob_token_ids: [1] })).toMatchObject({ param: 'logprob_token_ids' });
  });

  it('calls what is no HTTP by its name', async () => {
    const text = await exchangeRaw(simulator.port, 'this is no http\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text.endsWith('\r\n\r\nInvalid HTTP request received.')).toBe(true);
  });

  it('reads bodies nested a hundred thousand deep', async () => {
    const deep = `{"messages":[{"role":"user","content":"x"}],"max_tokens":1,"metadata":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect((await simulator.post('/v1/chat/completions', deep)).status).toBe(200);
  });
});

describe('a simulator with a key', () => {
  it('wants it on /v1 and nowhere else', async () => {
    await using closed = await startTestSimulator({ apiKey: 'sekret' });
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const reply = await closed.post('/v1/chat/completions', { messages }, { headers });
      expect([reply.status, reply.json]).toEqual([401, { error: 'Unauthorized' }]);
    }
    const headers = { authorization: 'Bearer sekret' };
    expect((await closed.post('/v1/chat/completions', { messages }, { headers })).status).toBe(200);
    expect((await closed.get('/v1/models')).status).toBe(401);
    expect((await closed.post('/tokenize', { prompt: 'x' })).status).toBe(200);
    expect((await closed.post('/invocations', { messages, max_tokens: 1 })).status).toBe(200);
    expect((await closed.get('/metrics')).status).toBe(200);
  });
});
