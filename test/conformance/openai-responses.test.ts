import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts';
import {
  brokenEvents,
  engineFailure,
  events,
  generatingEngine,
  type Script,
} from '../fakes/generating-engine.ts';

let script: Script = () => engineFailure('internal').failure;
const engine = generatingEngine('small', (asked) => script(asked));
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

function chunk(choice: Record<string, unknown>): Record<string, unknown> {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, finish_reason: null, ...choice }],
  };
}

const TALK: Script = () =>
  events([
    chunk({ delta: { role: 'assistant', content: '' } }),
    chunk({ delta: { reasoning_content: 'Raw? ' } }),
    chunk({ delta: { reasoning_content: 'No.' } }),
    chunk({ delta: { content: 'Not ' } }),
    chunk({ delta: { content: 'raw.' }, finish_reason: 'stop' }),
  ]);

/** The Responses interface through the unmodified OpenAI SDK. */
describe('responses', () => {
  it('come in one piece, with thoughts and words apart', async () => {
    script = TALK;
    const response = await client.responses.create({
      model: 'assay/default',
      instructions: 'Be short.',
      input: 'Is flour safe?',
      max_output_tokens: 40,
      metadata: { response_1: 'x'.repeat(2_000), response_2: 'No.' },
    });
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'assay/default',
      output_text: 'Not raw.',
      metadata: { response_1: 'x'.repeat(2_000), response_2: 'No.' },
      usage: {
        input_tokens: expect.any(Number),
        input_tokens_details: { cached_tokens: expect.any(Number), cache_write_tokens: 0 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(engine.asked[0]?.body).toEqual({
      model: 'small-model',
      max_tokens: 40,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Is flour safe?' },
      ],
    });
  });

  it('stream as the events that the SDK folds into the same response', async () => {
    script = TALK;
    const stream = client.responses.stream({ model: 'assay/default', input: 'Is flour safe?' });
    const types: string[] = [];
    const numbers: number[] = [];
    let text = '';
    stream.on('event', (event) => {
      types.push(event.type);
      numbers.push(event.sequence_number);
      if (event.type === 'response.output_text.delta') text += event.delta;
    });
    const response = await stream.finalResponse();
    expect(text).toBe('Not raw.');
    expect(response).toMatchObject({ status: 'completed', output_text: 'Not raw.' });
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  it('call functions, and take what came of them', async () => {
    script = () =>
      events([
        chunk({
          delta: {
            tool_calls: [{ index: 0, id: 'call_9', function: { name: 'select_choice', arguments: '{"c' } }],
          },
        }),
        chunk({
          delta: { tool_calls: [{ index: 0, function: { arguments: 'hoice":"A"}' } }] },
          finish_reason: 'tool_calls',
        }),
      ]);
    const response = await client.responses.create({
      model: 'small',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Pick.' }] },
        { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'A is better' },
      ],
      tools: [{ type: 'function', name: 'select_choice', parameters: { type: 'object' }, strict: true }],
      tool_choice: 'required',
    });
    expect(response.output).toEqual([
      expect.objectContaining({
        type: 'function_call',
        call_id: 'call_9',
        name: 'select_choice',
        arguments: '{"choice":"A"}',
        status: 'completed',
      }),
    ]);
    expect(engine.asked[0]?.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Pick.' },
        { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'look', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'A is better' },
      ],
      tools: [{ type: 'function', function: { name: 'select_choice', strict: true } }],
      tool_choice: 'required',
    });
  });

  it('pass a schema and engine extras on, and tell an answer that was cut', async () => {
    script = () => events([chunk({ delta: { content: '{"sc' }, finish_reason: 'length' })]);
    const response = await client.responses.create({
      model: 'small',
      input: 'Score it.',
      text: { format: { type: 'json_schema', name: 'score', schema: { type: 'object' }, strict: true } },
      // @ts-expect-error: an extra of vLLM that the SDK does not know.
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'message', status: 'incomplete' }],
    });
    expect(engine.asked[0]?.body).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'score', schema: { type: 'object' }, strict: true },
      },
      chat_template_kwargs: { enable_thinking: false },
    });
  });

  it('fail as errors, before a stream and in the middle of it', async () => {
    script = () => engineFailure('engine_unavailable').failure;
    await expect(client.responses.create({ model: 'small', input: 'x', stream: true })).rejects.toMatchObject(
      {
        status: 503,
        code: 'engine_unavailable',
      },
    );
    script = () => brokenEvents([chunk({ delta: { content: 'Not ' } })], 'engine_error');
    const stream = await client.responses.create({ model: 'small', input: 'x', stream: true });
    const read = async (): Promise<void> => {
      for await (const event of stream) expect(event.type).not.toBe('response.completed');
    };
    await expect(read()).rejects.toMatchObject({ code: 'engine_error' });
  });

  it('refuse what would need a store, and tools that are not functions', async () => {
    await expect(
      client.responses.create({ model: 'small', input: 'x', previous_response_id: 'resp_1' }),
    ).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
    await expect(
      client.responses.create({ model: 'small', input: 'x', tools: [{ type: 'web_search' }] }),
    ).rejects.toMatchObject({ status: 400, param: 'tools[0].type' });
  });
});
