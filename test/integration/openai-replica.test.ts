import { describe, expect, it } from 'vitest';
import { chat, eventsOf, testCall, testReplica } from '../fakes/openai-replica.ts';
import {
  answerEvents,
  answerJson,
  chatChunk,
  labelChunk,
  startScriptedEngine,
  USAGE_CHUNK,
} from '../fakes/scripted-engine.ts';
import { models, PROBE, type Routes, routed, vllmRoutes } from '../fakes/scripted-vllm.ts';

const QUESTION = { labels: 'preference/label@1', messages: [{ role: 'user', content: 'Which?' }] };

const unexpected = (code: string): Record<string, unknown> => ({
  ok: false,
  failure: expect.objectContaining({ code }),
});

async function warm(routes: Routes, options: Parameters<typeof testReplica>[1] = {}): Promise<unknown> {
  await using engine = await startScriptedEngine(routed(routes));
  await using replica = testReplica(engine.url, options);
  return await replica.warmUp(testCall());
}

describe('warming up a vLLM', () => {
  it('finds version, model, label tokens and route, and asks for log-probabilities twice', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    expect(await replica.warmUp(testCall())).toEqual({
      ok: true,
      value: {
        model: 'judge',
        version: '0.32.0',
        fingerprint: 'vllm-0.32.0-0badcafe',
        maxModelTokens: 2048,
        route: 'label_ids',
        labels: { 'preference/label@1': { first: [65, 1065], second: [66, 1066] } },
        finite: true,
        repeatError: 0,
        reportsCachedTokens: true,
        capabilities: {
          routes: ['label_ids'],
          topLogprobs: 0,
          tokenizer: true,
          promptArrays: false,
          labelBatch: 0,
          structuredOutput: false,
          priority: false,
          cacheSalt: false,
          load: false,
        },
      },
    });
    const questions = engine.seen.filter(({ body }) => body?.['stream'] === true);
    expect(questions.map(({ body }) => body)).toEqual(
      Array(2).fill({
        model: 'judge',
        messages: [{ role: 'user', content: 'Which is better?' }],
        max_tokens: 1,
        temperature: 0,
        top_p: 1,
        top_k: -1,
        min_p: 0,
        logprobs: true,
        logprob_token_ids: [65, 1065, 66, 1066],
        return_tokens_as_token_ids: true,
        chat_template_kwargs: { enable_thinking: false },
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
  });

  it('measures how far two identical answers are apart, in nats', async () => {
    let asked = 0;
    const routes = vllmRoutes({
      '/v1/chat/completions': (_, response) => {
        asked += 1;
        const second = asked === 1 ? 0.1 : 0.2;
        const tokens = [65, 1065, 66, 1066].map(
          (id) => [`token_id:${id}`, Math.log(id === 65 ? 0.5 : second / 2)] as const,
        );
        answerEvents(response, [labelChunk(tokens[0]!, tokens), USAGE_CHUNK]);
      },
    });
    expect(await warm(routes)).toMatchObject({
      ok: true,
      value: { repeatError: expect.closeTo(Math.LN2, 9) },
    });
  });

  it('falls back to the most likely tokens where the engine ignores the ids', async () => {
    const bodies: unknown[] = [];
    const routes = vllmRoutes({
      '/v1/chat/completions': ({ body }, response) => {
        bodies.push(body);
        // As sure as can be: nothing is left over, and still the ids were not answered.
        const listed =
          body?.['top_logprobs'] === 20
            ? ([
                ['token_id:65', 0],
                ['token_id:66', -30],
              ] as const)
            : [];
        answerEvents(response, [labelChunk(['token_id:65', 0], listed), USAGE_CHUNK]);
      },
    });
    expect(await warm(routes)).toMatchObject({ ok: true, value: { route: 'top_logprobs' } });
    expect(bodies.slice(0, 3)).toMatchObject([
      { logprob_token_ids: [65, 1065, 66, 1066] },
      { top_logprobs: 20 },
      { top_logprobs: 20 },
    ]);
    expect(bodies[1]).not.toHaveProperty('logprob_token_ids');
  });

  it('goes by the text of tokens where the tokenizer is out of reach', async () => {
    await using engine = await startScriptedEngine(
      routed(
        vllmRoutes({ '/tokenize': (_, response) => answerJson(response, 404, { detail: 'Not Found' }) }),
      ),
    );
    await using replica = testReplica(engine.url);
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { route: 'top_logprobs', labels: { 'preference/label@1': { first: [], second: [] } } },
    });
    const reply = await replica.distribution(QUESTION, testCall());
    expect(reply).toMatchObject({ ok: true, value: { distribution: { mass: expect.closeTo(0.9, 9) } } });
  });

  it('fails when the model is not served, and names what is', async () => {
    const routes = vllmRoutes({
      '/v1/models': (_, response) => answerJson(response, 200, models('other', 'third')),
    });
    expect(await warm(routes)).toEqual({
      ok: false,
      failure: {
        code: 'model_not_found',
        message: 'the engine does not serve the model "judge"; it serves "other", "third"',
        sent: false,
        blamesReplica: true,
      },
    });
  });

  it('fails when a label is no single token', async () => {
    const probe = { ...PROBE, spellings: { first: ['A'], second: ['no', 'yes'] } };
    expect(await warm(vllmRoutes(), { labelProbes: [probe] })).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: expect.stringContaining('"second"') },
    });
  });

  it('fails when the key is refused', async () => {
    const routes = vllmRoutes({
      '/v1/models': (_, response) => answerJson(response, 401, { error: 'Unauthorized' }),
    });
    expect(await warm(routes)).toMatchObject({ ok: false, failure: { code: 'engine_unavailable' } });
  });

  it('fails when the engine computes NaN', async () => {
    const nan = labelChunk(['token_id:0', null], [['token_id:65', null]]);
    const routes = vllmRoutes({
      '/v1/chat/completions': (_, response) => answerEvents(response, [nan, USAGE_CHUNK]),
    });
    expect(await warm(routes)).toMatchObject({
      ok: false,
      failure: { code: 'engine_corrupt', blamesReplica: true },
    });
  });

  it('fails when the engine gives no log-probabilities', async () => {
    const plain = [chatChunk('A', 'length'), USAGE_CHUNK];
    const routes = vllmRoutes({ '/v1/chat/completions': (_, response) => answerEvents(response, plain) });
    expect(await warm(routes)).toMatchObject({ ok: false, failure: { code: 'engine_rejected' } });
  });

  it('lets an engine in that is asked for no labels and serves no chat', async () => {
    const { '/version': version, '/v1/models': list } = vllmRoutes();
    expect(await warm({ '/version': version!, '/v1/models': list! }, { labelProbes: [] })).toMatchObject({
      ok: true,
      value: { labels: {}, maxModelTokens: 2048 },
    });
  });

  it('sends the key and an id of its own for each call', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url, { apiKey: 'secret' });
    await replica.warmUp(testCall('req_7'));
    expect(engine.seen.map(({ headers }) => headers.authorization)).toEqual(
      Array(engine.seen.length).fill('Bearer secret'),
    );
    const ids = engine.seen.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe('req_7-1');
  });

  it('keeps a path in the address', async () => {
    const routes = Object.fromEntries(
      Object.entries(vllmRoutes()).map(([path, script]) => [`/engines/a${path}`, script]),
    );
    await using engine = await startScriptedEngine(routed(routes));
    await using replica = testReplica(`${engine.url}/engines/a/`);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
  });
});

describe('warming up a server that only speaks OpenAI', () => {
  it('asks it for nothing of vLLM', async () => {
    const { '/v1/models': list, '/v1/chat/completions': answer } = vllmRoutes();
    await using engine = await startScriptedEngine(
      routed({ '/v1/models': list!, '/v1/chat/completions': answer! }),
    );
    await using replica = testReplica(engine.url, { flavour: 'openai' });
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: {
        version: null,
        route: 'top_logprobs',
        labels: { 'preference/label@1': { first: [], second: [] } },
      },
    });
    expect(new Set(engine.seen.map(({ path }) => path))).toEqual(
      new Set(['/v1/models', '/v1/chat/completions', '/v1/completions']),
    );
    expect(Object.keys(engine.seen[1]?.body ?? {}).sort()).toEqual([
      'logprobs',
      'max_tokens',
      'messages',
      'model',
      'stream',
      'stream_options',
      'temperature',
      'top_logprobs',
      'top_p',
    ]);
  });
});

describe('a distribution', () => {
  it('sums the tokens of each label', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    await replica.warmUp(testCall());
    expect(await replica.distribution(QUESTION, testCall())).toEqual({
      ok: true,
      value: expect.objectContaining({
        distribution: {
          route: 'label_ids',
          mass: expect.closeTo(0.9, 9),
          labels: {
            first: { probability: expect.closeTo(0.75, 9), atMost: expect.closeTo(0.75, 9) },
            second: { probability: expect.closeTo(0.15, 9), atMost: expect.closeTo(0.15, 9) },
          },
        },
        usage: { inputTokens: 40, cachedInputTokens: 32, outputTokens: 3 },
        fingerprint: 'vllm-0.32.0-0badcafe',
      }),
    });
  });

  it('is a failure without the end marker, although all numbers were there', async () => {
    let cut = false;
    const { '/v1/chat/completions': answer } = vllmRoutes();
    await using engine = await startScriptedEngine(
      routed(
        vllmRoutes({
          '/v1/chat/completions': (request, response) => {
            if (!cut) {
              answer?.(request, response);
              return;
            }
            response.writeHead(200, { 'content-type': 'text/event-stream' });
            response.end(
              `data: ${JSON.stringify(labelChunk(['token_id:65', -0.1], [['token_id:66', -3]]))}\n\n`,
            );
          },
        }),
      ),
    );
    await using replica = testReplica(engine.url);
    await replica.warmUp(testCall());
    cut = true;
    expect(await replica.distribution(QUESTION, testCall())).toEqual(unexpected('engine_error'));
  });
});

describe('a generation', () => {
  it('has the chunks as the engine wrote them, the usage chunk too', async () => {
    await using engine = await startScriptedEngine(routed(vllmRoutes()));
    await using replica = testReplica(engine.url);
    const events = await eventsOf(await replica.generate(chat('x'), testCall()));
    expect(events.map((event) => (event.type === 'chunk' ? event.data : event))).toEqual([
      JSON.stringify(chatChunk('Hel')),
      JSON.stringify(chatChunk('lo', 'stop')),
      JSON.stringify(USAGE_CHUNK),
      { type: 'end', usage: { inputTokens: 40, cachedInputTokens: 32, outputTokens: 3 } },
    ]);
  });

  it('that cannot be streamed is one whole chunk', async () => {
    const whole = {
      object: 'chat.completion',
      choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: 2 },
    };
    const routes = vllmRoutes({ '/v1/chat/completions': (_, response) => answerJson(response, 200, whole) });
    await using engine = await startScriptedEngine(routed(routes));
    await using replica = testReplica(engine.url);
    expect(await eventsOf(await replica.generate(chat('x', { prompt_logprobs: 1 }), testCall()))).toEqual([
      { type: 'chunk', data: JSON.stringify(whole), value: whole },
      { type: 'end', usage: { inputTokens: 4, cachedInputTokens: 0, outputTokens: 2 } },
    ]);
    expect(engine.seen[0]?.body).not.toHaveProperty('stream');
  });
});

describe('a JSON call', () => {
  it('is sent with the served model and tells its usage', async () => {
    const reply = { object: 'list', data: [], usage: { prompt_tokens: 9, total_tokens: 9 } };
    await using engine = await startScriptedEngine(
      routed({ '/v1/embeddings': (_, response) => answerJson(response, 200, reply) }),
    );
    await using replica = testReplica(engine.url);
    const asked = { model: 'assay/default', input: 'x', dimensions: 8 };
    expect(await replica.post('/v1/embeddings', asked, testCall())).toEqual({
      ok: true,
      value: { body: reply, usage: { inputTokens: 9, cachedInputTokens: 0, outputTokens: 0 } },
    });
    expect(engine.seen[0]?.body).toEqual({ model: 'judge', input: 'x', dimensions: 8 });
  });
});
