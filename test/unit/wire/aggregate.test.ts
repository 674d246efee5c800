import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAggregator } from '../../../src/wire/aggregate.ts';

const NO_USAGE = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };

function aggregate(kind: 'chat' | 'completion', chunks: readonly Record<string, unknown>[]): unknown {
  const aggregator = createAggregator(kind);
  for (const value of chunks) aggregator.add({ data: JSON.stringify(value), value });
  return JSON.parse(aggregator.reply({ inputTokens: 7, cachedInputTokens: 2, outputTokens: 3 }));
}

function chatChunk(choice: Record<string, unknown>): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1700000000,
    model: 'm',
    system_fingerprint: 'vllm-x',
    choices: [choice],
  };
}

describe('folding chat chunks into one reply', () => {
  it('joins content, reasoning and log-probabilities and keeps finish reasons', () => {
    const logprob = (token: string) => ({ token, logprob: -0.5, bytes: [65], top_logprobs: [] });
    const reply = aggregate('chat', [
      chatChunk({ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
      chatChunk({ index: 0, delta: { reasoning: 'be' }, logprobs: { content: [logprob('be')] } }),
      chatChunk({ index: 0, delta: { reasoning: 'cause', content: 'He' } }),
      chatChunk({
        index: 0,
        delta: { content: 'llo' },
        logprobs: { content: [logprob('He'), logprob('llo')] },
        finish_reason: 'stop',
        stop_reason: 128009,
      }),
      { id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 9 } },
    ]);
    expect(reply).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1700000000,
      model: 'm',
      system_fingerprint: 'vllm-x',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', reasoning: 'because', refusal: null },
          logprobs: { content: [logprob('be'), logprob('He'), logprob('llo')] },
          finish_reason: 'stop',
          stop_reason: 128009,
        },
      ],
      usage: { prompt_tokens: 9 },
    });
  });

  it('merges the pieces of tool calls by their index', () => {
    const reply = aggregate('chat', [
      chatChunk({ index: 0, delta: { role: 'assistant', content: '' } }),
      chatChunk({
        index: 0,
        delta: {
          tool_calls: [
            { index: 1, id: 'call_b', type: 'function', function: { name: 'g', arguments: '{' } },
            { index: 0, id: 'call_a', type: 'function', function: { name: 'f', arguments: '' } },
          ],
        },
      }),
      chatChunk({ index: 0, delta: { tool_calls: [{ index: 1, function: { arguments: '"y":2}' } }] } }),
      chatChunk({
        index: 0,
        delta: { tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] },
        finish_reason: 'tool_calls',
      }),
    ]);
    expect(reply).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            tool_calls: [
              { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
              { id: 'call_b', type: 'function', function: { name: 'g', arguments: '{"y":2}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
    expect(JSON.stringify(reply)).not.toContain('"index":1');
  });

  it('keeps a refusal and puts choices in the order of their index', () => {
    const reply = aggregate('chat', [
      chatChunk({ index: 1, delta: { role: 'assistant', content: 'two' }, finish_reason: 'length' }),
      chatChunk({ index: 0, delta: { role: 'assistant', refusal: 'I ' }, finish_reason: null }),
      chatChunk({ index: 0, delta: { refusal: 'will not' }, finish_reason: 'stop' }),
    ]);
    expect(reply).toMatchObject({
      choices: [
        { index: 0, message: { content: null, refusal: 'I will not' }, finish_reason: 'stop' },
        { index: 1, message: { content: 'two', refusal: null }, finish_reason: 'length' },
      ],
    });
  });

  it('counts usage itself when the engine sent none', () => {
    expect(aggregate('chat', [chatChunk({ index: 0, delta: { content: 'x' } })])).toMatchObject({
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 2 },
      },
    });
  });

  it('passes on a reply that was not streamed exactly as the engine wrote it', () => {
    const aggregator = createAggregator('chat');
    const data =
      '{ "object" : "chat.completion", "choices" : [], "usage": {"x": 1.0}, "extra": 12345678901234567890 }';
    const value: Record<string, unknown> = JSON.parse(data);
    aggregator.add({ data, value });
    expect(aggregator.reply(NO_USAGE)).toBe(data);
  });

  it('gives every choice the content that was sent for it, in order, however it was cut', () => {
    const pieces = fc.array(fc.tuple(fc.nat(3), fc.string()), { minLength: 1 });
    fc.assert(
      fc.property(pieces, (sentPieces) => {
        const reply = aggregate(
          'chat',
          sentPieces.map(([index, content]) => chatChunk({ index, delta: { content } })),
        );
        const expected = [...new Set(sentPieces.map(([index]) => index))].toSorted().map((index) => ({
          index,
          message: { content: sentPieces.flatMap(([at, text]) => (at === index ? [text] : [])).join('') },
        }));
        expect(reply).toMatchObject({ choices: expected });
      }),
    );
  });

  it('leaves the chunks as they were', () => {
    const first = chatChunk({ index: 0, delta: { content: 'a' }, logprobs: { content: [{ token: 'a' }] } });
    const before = structuredClone(first);
    aggregate('chat', [first, chatChunk({ index: 0, delta: {}, logprobs: { content: [{ token: 'b' }] } })]);
    expect(first).toEqual(before);
  });
});

describe('folding completion chunks', () => {
  it('joins texts and the parallel lists of log-probabilities', () => {
    const chunk = (text: string, token: string, offset: number, finish: string | null) => ({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          text,
          logprobs: {
            text_offset: [offset],
            token_logprobs: [-1],
            tokens: [token],
            top_logprobs: [{ [token]: -1 }],
          },
          finish_reason: finish,
        },
      ],
    });
    expect(aggregate('completion', [chunk('a', 'a', 0, null), chunk(' b', ' b', 1, 'length')])).toEqual({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          text: 'a b',
          logprobs: {
            text_offset: [0, 1],
            token_logprobs: [-1, -1],
            tokens: ['a', ' b'],
            top_logprobs: [{ a: -1 }, { ' b': -1 }],
          },
          finish_reason: 'length',
        },
      ],
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 2 },
      },
    });
  });
});
