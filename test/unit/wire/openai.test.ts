import { describe, expect, it } from 'vitest';
import { isUsageChunk, parseOpenAi, wantsStream, wantsUsage } from '../../../src/wire/openai.ts';

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function refusals(kind: 'chat' | 'completion' | 'embedding', body: unknown): string[] {
  const parsed = parseOpenAi(kind, body);
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.message);
}

describe('OpenAI bodies', () => {
  it('pass through as they came, unknown fields and all', () => {
    const body = { ...CHAT, zeta: { deep: [1, { x: null }] }, logprob_token_ids: [1, 2], seed: 1.5 };
    const parsed = parseOpenAi('chat', body);
    expect(parsed).toEqual({ ok: true, value: body });
    expect(parsed.ok && parsed.value).toBe(body);
  });

  it.each([
    { ...CHAT, messages: [{ role: 'assistant', content: null, tool_calls: [{ id: 'c' }] }] },
    { ...CHAT, messages: [{ role: 'assistant', tool_calls: [{ id: 'c' }] }] },
    { ...CHAT, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] },
    { ...CHAT, stream: null, n: null, stream_options: null },
  ])('%j is a chat request', (body) => {
    expect(refusals('chat', body)).toEqual([]);
  });

  it.each([
    [{ ...CHAT, model: undefined }, ['model is required']],
    [{ ...CHAT, model: '' }, ['model must not be empty']],
    [{ ...CHAT, messages: [] }, ['messages must not be empty']],
    [{ ...CHAT, messages: 'hi' }, ['messages must be a list, found a string']],
    [{ ...CHAT, messages: [{ content: 'hi' }] }, ['messages[0].role is required']],
    [
      { ...CHAT, messages: [{ role: 'user', content: 4 }] },
      ['messages[0].content must be a string or a list or null, found a number'],
    ],
    [{ ...CHAT, messages: [{ role: 'user', content: [{}] }] }, ['messages[0].content[0].type is required']],
    [
      { ...CHAT, stream: 'yes', n: 0 },
      ['stream must be a boolean, found a string', 'n must be at least 1, found 0'],
    ],
    [{ ...CHAT, n: 129 }, ['n must be at most 128, found 129']],
    [{ ...CHAT, n: 1.5 }, ['n must be an integer, found a number']],
  ])('%j is refused', (body, messages) => {
    expect(refusals('chat', body)).toEqual(messages);
  });

  it.each(['text', ['a', 'b'], [1, 2, 3], [[1], [2, 3]]])('take %j as prompt and as input', (texts) => {
    expect(refusals('completion', { model: 'm', prompt: texts })).toEqual([]);
    expect(refusals('embedding', { model: 'm', input: texts })).toEqual([]);
  });

  it.each([
    ['completion' as const, {}, ['model is required', 'prompt is required']],
    ['completion' as const, { model: 'm', prompt: [] }, ['prompt must not be empty']],
    [
      'completion' as const,
      { model: 'm', prompt: {} },
      ['prompt must be a string or a list, found an object'],
    ],
    ['embedding' as const, { model: 'm' }, ['input is required']],
    [
      'embedding' as const,
      { model: 'm', input: [true] },
      ['input[0] must be a string or a number or a list, found a boolean'],
    ],
  ])('as a %s %j is refused', (kind, body, messages) => {
    expect(refusals(kind, body)).toEqual(messages);
  });

  it('say whether they want a stream and its usage', () => {
    expect([wantsStream(CHAT), wantsUsage(CHAT)]).toEqual([false, false]);
    const streaming = { ...CHAT, stream: true, stream_options: { include_usage: true } };
    expect([wantsStream(streaming), wantsUsage(streaming)]).toEqual([true, true]);
  });

  it('tell the usage chunk from others', () => {
    expect(isUsageChunk({ choices: [], usage: { prompt_tokens: 1 } })).toBe(true);
    expect(isUsageChunk({ choices: [], usage: null })).toBe(false);
    expect(isUsageChunk({ choices: [{ index: 0 }], usage: { prompt_tokens: 1 } })).toBe(false);
  });
});
