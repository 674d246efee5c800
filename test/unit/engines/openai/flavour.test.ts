import { describe, expect, it } from 'vitest';
import { generationBody } from '../../../../src/engines/openai/flavour.ts';
import { FLAVOURS } from '../../../../src/engines/openai/flavours.ts';

function bodyFor(
  flavour: 'vllm' | 'openai',
  kind: 'chat' | 'completion',
  body: Record<string, unknown>,
): { fields: Record<string, unknown>; whole: boolean } {
  const { text, whole } = generationBody(FLAVOURS[flavour], { kind, body }, 'served');
  return { fields: JSON.parse(text), whole };
}

describe('the body of a generation', () => {
  it('is sent with the served model, as a stream with usage', () => {
    const { fields, whole } = bodyFor('vllm', 'chat', {
      model: 'assay/default',
      messages: [],
      stream: false,
    });
    expect(fields).toEqual({
      model: 'served',
      messages: [],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(whole).toBe(false);
  });

  it('keeps what the caller asked of the stream', () => {
    const stream_options = { include_usage: false, continuous_usage_stats: true };
    expect(bodyFor('vllm', 'chat', { messages: [], stream_options }).fields['stream_options']).toEqual({
      include_usage: true,
      continuous_usage_stats: true,
    });
  });

  it('carries what vLLM knows, and OpenAI does not', () => {
    const extras = {
      messages: [{ role: 'user', content: 'x' }],
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'auto',
      response_format: { type: 'json_object' },
      structured_outputs: { choice: ['A', 'B'] },
      logprobs: true,
      top_logprobs: 5,
      logprob_token_ids: [1, 2],
      seed: 7,
      priority: -1,
      cache_salt: 'salt',
      chat_template_kwargs: { enable_thinking: false },
      min_p: 0.1,
    };
    // The gateway says how urgent a call is, and whose cache it may use.
    const { priority: _, cache_salt: __, ...carried } = extras;
    const sent = { ...carried, model: 'served', stream: true, stream_options: { include_usage: true } };
    expect(bodyFor('vllm', 'chat', extras).fields).toEqual(sent);
    const { fields } = bodyFor('openai', 'chat', extras);
    expect(Object.keys(fields).sort()).toEqual([
      'logprobs',
      'messages',
      'model',
      'response_format',
      'seed',
      'stream',
      'stream_options',
      'tool_choice',
      'tools',
      'top_logprobs',
    ]);
  });

  it('drops what the engine does not know, such as fields that vLLM has given up', () => {
    const { fields } = bodyFor('vllm', 'chat', { messages: [], guided_choice: ['A'], nonsense: 1 });
    expect(fields).not.toHaveProperty('guided_choice');
    expect(fields).not.toHaveProperty('nonsense');
  });

  it.each([{ prompt_logprobs: 1 }, { prompt_logprobs: 0 }, { use_beam_search: true, n: 2 }])(
    'asks for a whole reply where vLLM refuses a stream: %j',
    (extra) => {
      const { fields, whole } = bodyFor('vllm', 'completion', {
        prompt: 'x',
        ...extra,
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(whole).toBe(true);
      expect(fields).toEqual({ model: 'served', prompt: 'x', ...extra });
    },
  );

  it('streams when prompt_logprobs is null', () => {
    expect(bodyFor('vllm', 'chat', { messages: [], prompt_logprobs: null }).whole).toBe(false);
  });
});

describe('the fields of a label question', () => {
  it('names the label tokens to vLLM', () => {
    expect(FLAVOURS.vllm.labelFields({ route: 'label_ids', ids: [38, 431] })).toEqual({
      max_tokens: 1,
      temperature: 0,
      top_p: 1,
      top_k: -1,
      min_p: 0,
      logprobs: true,
      logprob_token_ids: [38, 431],
      return_tokens_as_token_ids: true,
    });
  });

  it('asks an older vLLM for the twenty most likely tokens, by id where ids are known', () => {
    const byId = FLAVOURS.vllm.labelFields({ route: 'top_logprobs', ids: [38] });
    expect(byId).toMatchObject({ top_logprobs: 20, return_tokens_as_token_ids: true });
    expect(byId).not.toHaveProperty('logprob_token_ids');
    const byText = FLAVOURS.vllm.labelFields({ route: 'top_logprobs', ids: null });
    expect(byText).not.toHaveProperty('return_tokens_as_token_ids');
  });

  it('sends other servers only what OpenAI knows', () => {
    expect(FLAVOURS.openai.labelFields({ route: 'top_logprobs', ids: null })).toEqual({
      max_tokens: 1,
      temperature: 0,
      top_p: 1,
      logprobs: true,
      top_logprobs: 20,
    });
  });
});
