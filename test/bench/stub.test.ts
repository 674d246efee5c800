import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chatBody } from './bodies.ts';
import { type Served, startServer } from './processes.ts';
import { detokenize, renderChat, tokenize } from './stub-tokens.ts';

let stub: Served;
beforeAll(async () => {
  stub = await startServer('stub.ts');
});
afterAll(() => stub[Symbol.asyncDispose]());

async function ask(path: string, body: unknown): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${stub.port}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.text();
}

describe('the stub engine', () => {
  it('streams role, content with the labels asked for, usage and the end marker', async () => {
    const text = await ask('/v1/chat/completions', {
      messages: [{ role: 'user', content: 'first: Sydney, second: Canberra' }],
      stream: true,
      stream_options: { include_usage: true },
      logprobs: true,
      logprob_token_ids: [65, 66, 67, 321, 322, 323],
      return_tokens_as_token_ids: true,
    });
    const events = text
      .trimEnd()
      .split('\n\n')
      .map((event) => event.replace('data: ', ''));
    expect(events).toHaveLength(4);
    expect(events[3]).toBe('[DONE]');
    const [role, content, usage] = events.slice(0, 3).map((event) => JSON.parse(event));
    expect(role.choices[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(usage).toMatchObject({ choices: [], usage: { prompt_tokens: 512, completion_tokens: 1 } });
    const { top_logprobs } = content.choices[0].logprobs.content[0];
    const odds = top_logprobs.map((entry: { token: string; logprob: number }) => [
      entry.token,
      Math.exp(entry.logprob).toFixed(3),
    ]);
    expect(Object.fromEntries(odds)).toEqual({
      'token_id:65': '0.045',
      'token_id:321': '0.005',
      'token_id:66': '0.810',
      'token_id:322': '0.090',
      'token_id:67': '0.027',
      'token_id:323': '0.003',
    });
  });

  it('answers a chat without stream as one object, with its opinion as text when labels are not asked for', async () => {
    const reply = JSON.parse(await ask('/v1/chat/completions', JSON.parse(chatBody(false))));
    expect(reply).toMatchObject({ object: 'chat.completion', model: 'stub', usage: { total_tokens: 513 } });
    expect(reply.choices[0].message.content).toContain('Canberra');
    expect(reply.choices[0].logprobs).toBeNull();
  });

  it('has a tokenizer in which a label after a prompt is one token more', async () => {
    const prompt = 'The better response (A, B or C):\n';
    const before = JSON.parse(await ask('/tokenize', { prompt })).tokens;
    const after = JSON.parse(await ask('/tokenize', { prompt: `${prompt} B` })).tokens;
    expect(after).toEqual([...before, 322]);
    expect(JSON.parse(await ask('/detokenize', { tokens: [...after, 65] })).prompt).toBe(`${prompt} BA`);
  });

  it('reads back every text that it took apart', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(detokenize(tokenize(text))).toBe(text);
      }),
    );
  });

  it('leaves an unfinished turn open', () => {
    const turns = [
      { role: 'user', content: 'Which?' },
      { role: 'assistant', content: 'A' },
    ];
    expect(renderChat(turns, { generate: false, unfinished: true })).toBe(
      '<user>\nWhich?</user>\n<assistant>\nA',
    );
    expect(renderChat(turns.slice(0, 1), { generate: true, unfinished: false })).toBe(
      '<user>\nWhich?</user>\n<assistant>\n',
    );
  });
});
