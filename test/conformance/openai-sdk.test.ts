import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts';
import {
  aborted,
  brokenEvents,
  engineFailure,
  events,
  eventsUntilAborted,
  generatingEngine,
  type Script,
} from '../fakes/generating-engine.ts';

/** The unmodified OpenAI SDK against the gateway, over a real socket. */
const NEVER: Script = () => engineFailure('internal').failure;
let script: Script = NEVER;
const engine = generatingEngine(
  'small',
  (asked) => script(asked),
  (asked) => ({
    ok: true,
    value: {
      body: {
        object: 'list',
        model: 'own-embedder',
        data: [{ object: 'embedding', index: 0, embedding: [0.25, -1] }],
        usage: { prompt_tokens: 2, total_tokens: 2, asked: asked.body['input'] },
      },
      usage: { inputTokens: 2, cachedInputTokens: 0, outputTokens: 0 },
    },
  }),
);

let gateway: TestGateway;
let client: OpenAI;
beforeAll(async () => {
  gateway = await startTestGateway([engine]);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'key-all', maxRetries: 0 });
});
beforeEach(() => {
  engine.asked.length = 0;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ASK = { model: 'assay/default', messages: [{ role: 'user' as const, content: 'hi' }] };

function chunk(choice: Record<string, unknown>): Record<string, unknown> {
  return {
    id: 'chatcmpl-7',
    object: 'chat.completion.chunk',
    created: 1700000000,
    model: 'Qwen/own-name',
    system_fingerprint: 'vllm-0.30',
    choices: [{ index: 0, finish_reason: null, ...choice }],
  };
}
const USAGE = {
  prompt_tokens: 5,
  completion_tokens: 2,
  total_tokens: 7,
  prompt_tokens_details: { cached_tokens: 4 },
};
const USAGE_CHUNK = { ...chunk({}), choices: [], usage: USAGE };

describe('chat completions', () => {
  it('come in one piece', async () => {
    script = () =>
      events([
        chunk({ delta: { role: 'assistant', content: '' } }),
        chunk({ delta: { content: 'Hel' } }),
        chunk({ delta: { content: 'lo' }, finish_reason: 'stop', stop_reason: null }),
        USAGE_CHUNK,
      ]);
    const { data, response, request_id } = await client.chat.completions.create(ASK).withResponse();
    expect(data).toMatchObject({
      id: 'chatcmpl-7',
      object: 'chat.completion',
      model: 'Qwen/own-name',
      system_fingerprint: 'vllm-0.30',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: USAGE,
    });
    expect(response.headers.get('x-assay-engine')).toBe('small');
    expect(request_id).toMatch(/^req_/);
  });

  it('come as a stream, with usage when asked for', async () => {
    script = () =>
      events([chunk({ delta: { content: 'a' } }), chunk({ delta: { content: 'b' } }), USAGE_CHUNK]);
    const stream = await client.chat.completions.create({
      ...ASK,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts: (string | null | undefined)[] = [];
    let usage: unknown;
    for await (const part of stream) {
      texts.push(part.choices[0]?.delta.content);
      usage = part.usage ?? usage;
    }
    expect(texts).toEqual(['a', 'b', undefined]);
    expect(usage).toEqual(USAGE);
  });

  it('work with the stream helper of the SDK', async () => {
    script = () =>
      events([
        chunk({ delta: { role: 'assistant', content: 'x' } }),
        chunk({ delta: { content: 'y' }, finish_reason: 'stop' }),
      ]);
    const final = await client.chat.completions.stream(ASK).finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('xy');
  });

  it('pass tools through and merge the calls', async () => {
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'weather', parameters: { type: 'object', properties: {} } },
      },
    ];
    script = () =>
      events([
        chunk({
          delta: {
            tool_calls: [
              { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } },
            ],
          },
        }),
        chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] } }),
        chunk({
          delta: { tool_calls: [{ index: 0, function: { arguments: '"Bern"}' } }] },
          finish_reason: 'tool_calls',
        }),
      ]);
    const reply = await client.chat.completions.create({ ...ASK, tools, tool_choice: 'required' });
    expect(reply.choices[0]?.message.tool_calls).toEqual([
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
    ]);
    expect(reply.choices[0]?.finish_reason).toBe('tool_calls');
    expect(engine.asked[0]?.body).toMatchObject({ tools, tool_choice: 'required' });
  });

  it('pass a JSON schema and fields of the engine through', async () => {
    script = () => events([chunk({ delta: { content: '{}' } })]);
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'answer', strict: true, schema: { type: 'object', additionalProperties: false } },
    };
    // A field that the SDK's types do not know, as vLLM users send it.
    const extra = { structured_outputs: { choice: ['A', 'B'] } };
    await client.chat.completions.create({ ...ASK, response_format, ...extra });
    expect(engine.asked[0]?.body).toEqual({ ...ASK, model: 'small-model', response_format, ...extra });
  });

  it('leave log-probabilities as they are', async () => {
    const content = [
      {
        token: 'A',
        logprob: -0.00012345678901234567,
        bytes: [65],
        top_logprobs: [
          { token: 'A', logprob: -0.00012345678901234567, bytes: [65] },
          { token: 'token_id:33', logprob: -9999, bytes: null },
        ],
      },
    ];
    script = () =>
      events([chunk({ delta: { content: 'A' }, logprobs: { content }, finish_reason: 'length' })]);
    const reply = await client.chat.completions.create({
      ...ASK,
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 1,
    });
    expect(reply.choices[0]?.logprobs?.content).toEqual(content);
  });

  it('are stopped at the engine when the caller aborts', async () => {
    script = ({ call }) => eventsUntilAborted([chunk({ delta: { content: 'a' } })], call);
    const stream = await client.chat.completions.create({ ...ASK, stream: true });
    for await (const _part of stream) break;
    stream.controller.abort();
    const signal = engine.asked[0]?.call.signal;
    await aborted(signal!);
    expect(signal?.aborted).toBe(true);
  });
});

describe('other calls', () => {
  it('text completions', async () => {
    script = () =>
      events([
        {
          id: 'cmpl-1',
          object: 'text_completion',
          choices: [{ index: 0, text: 'once', finish_reason: 'length' }],
        },
      ]);
    const reply = await client.completions.create({ model: 'small', prompt: 'Tell', max_tokens: 1 });
    expect(reply).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'once', finish_reason: 'length' }],
    });
    expect(engine.asked[0]).toMatchObject({ kind: 'completion', body: { prompt: 'Tell', max_tokens: 1 } });
  });

  it('embeddings', async () => {
    const reply = await client.embeddings.create({
      model: 'small-model',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    expect(reply.data[0]?.embedding).toEqual([0.25, -1]);
    expect(reply).toMatchObject({ model: 'own-embedder', usage: { asked: ['a', 'b'] } });
  });

  it('models, also those with a slash', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(['assay/default', 'small', 'small-model']);
    expect(await client.models.retrieve('assay/default')).toMatchObject({
      id: 'assay/default',
      object: 'model',
    });
  });
});

describe('failures', () => {
  it('have the classes of the SDK, with code, param and request id', async () => {
    const unknown = client.chat.completions.create({ ...ASK, model: 'gpt' });
    await expect(unknown).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(unknown).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      requestID: expect.stringMatching(/^req_/),
    });

    const wrong = client.chat.completions.create({ ...ASK, messages: [] });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_request', param: 'messages' });

    const stranger = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'other', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);

    script = () => engineFailure('engine_unavailable').failure;
    const down = client.chat.completions.create(ASK);
    await expect(down).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await expect(down).rejects.toMatchObject({ status: 503, type: 'engine_error' });
  });

  it('in the middle of a stream are thrown, never a short answer', async () => {
    script = () => brokenEvents([chunk({ delta: { content: 'a' } })], 'engine_error');
    const stream = await client.chat.completions.create({ ...ASK, stream: true });
    const texts: unknown[] = [];
    const reading = (async () => {
      for await (const part of stream) texts.push(part.choices[0]?.delta.content);
    })();
    await expect(reading).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(texts).toEqual(['a']);
  });

  it('that are worth it are tried again by the SDK', async () => {
    let calls = 0;
    script = () => {
      calls += 1;
      return calls === 1
        ? engineFailure('overloaded').failure
        : events([chunk({ delta: { content: 'ok' } })]);
    };
    // The gateway asks for a second; the SDK may be told to wait less.
    const patient = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: 'key-all',
      maxRetries: 1,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const headers = new Headers(response.headers);
        if (headers.get('retry-after') === '1') headers.set('retry-after-ms', '1');
        return new Response(response.body, { status: response.status, headers });
      },
    });
    const reply = await patient.chat.completions.create(ASK);
    expect(reply.choices[0]?.message.content).toBe('ok');
    expect(calls).toBe(2);
  });
});
