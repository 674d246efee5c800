import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/domain/item.ts';
import type { ReasonSettings } from '../../../src/domain/judge-key.ts';
import type { PromptTemplate } from '../../../src/domain/template.ts';
import { createPreferenceJudge } from '../../../src/judging/preference-judge.ts';
import { openCall, reply, scriptedEngine } from '../../fakes/engine.ts';
import { events, generatingEngine } from '../../fakes/generating-engine.ts';

const template: PromptTemplate = {
  name: 'preference/test',
  version: 1,
  task: 'preference',
  defaultRubric: 'r',
  labels: { first: ['A'], second: ['B'], tie: ['C'] },
  messages: [{ role: 'user', content: '{{prompt}} {{first}}>{{second}} {{nonce}}' }],
  answer: [{ role: 'user', content: 'Which one?' }],
};
const item: Item = { id: 'i', prompt: 'p', candidates: ['good', 'bad'], rubric: undefined, metadata: {} };

type Delta = Readonly<Record<string, string>>;

/** A judge of one order on an engine that writes these pieces, then answers the label. */
async function judged(pieces: readonly Delta[], settings: Partial<ReasonSettings> = {}, finish = 'stop') {
  const chunks = pieces.map((delta) => ({ choices: [{ index: 0, delta }] }));
  const end = { choices: [{ index: 0, delta: {}, finish_reason: finish }] };
  const writer = generatingEngine('big', () => events([...chunks, end]));
  const reader = scriptedEngine(() => reply(0.8, 0.1, 0.1));
  const judge = createPreferenceJudge({
    name: 'j',
    engine: { ...reader, generate: writer.generate },
    engineKind: 'openai/vllm',
    template,
    orders: 'one',
    fence: () => 'word',
    reasons: { reasoning: 'brief', maxTokens: 200, temperature: 0, ...settings },
  });
  const answer = await judge.judge(item, { tier: 't' }, openCall());
  return { answer, written: writer.asked, read: reader.requests };
}

describe('a judge that writes its reasons first', () => {
  it('goes on from them to the question for the label', async () => {
    const { answer, written, read } = await judged([{ content: 'The first ' }, { content: 'is right.' }]);
    expect(answer).toMatchObject({ ok: true, judgment: { readings: [{ mass: 1 }] } });
    expect(written[0]?.body).toMatchObject({
      max_tokens: 200,
      temperature: 0,
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(read[0]?.messages.map(({ role, content }) => [role, content]).slice(1)).toEqual([
      ['assistant', 'The first is right.'],
      ['user', 'Which one?'],
    ]);
  });

  it.each([
    ['a field of their own', [{ reasoning_content: 'Hm, the first.' }, { content: 'It is right.' }]],
    ['the text', [{ content: '<think>Hm, the first.</think>\n\nIt is right.' }]],
    ['the text behind a mark that the template wrote', [{ content: 'Hm, the first.</think>It is right.' }]],
  ])('takes thoughts from %s', async (_, pieces) => {
    const { read, written } = await judged(pieces, { reasoning: 'think' });
    expect(written[0]?.body['chat_template_kwargs']).toEqual({ enable_thinking: true });
    expect(read[0]?.messages[1]?.content).toBe('Hm, the first.\n\nIt is right.');
  });

  it.each([
    ['reasons cut at their limit', [{ content: 'The first' }], 'length', 'truncated'],
    ['thoughts without an end', [{ content: '<think>Hm, the first' }], 'stop', 'truncated'],
    ['no reasons', [{ content: ' ' }], 'stop', 'unparseable'],
    ['a refusal', [{ refusal: 'No.' }], 'stop', 'refused'],
  ])('gives no label after %s, and asks for none', async (_, pieces, finish, code) => {
    const { answer, read } = await judged(pieces, {}, finish);
    expect(answer).toMatchObject({ ok: false, problem: { code }, trail: [{ part: 'reasons' }] });
    expect(read).toEqual([]);
  });

  it('is another judge with other reasons', async () => {
    const keyOf = async (settings: Partial<ReasonSettings>): Promise<string> => {
      const { answer } = await judged([{ content: 'x' }], settings);
      return answer.ok ? answer.judgment.key.id : '';
    };
    const keys = await Promise.all([
      keyOf({}),
      keyOf({ maxTokens: 201 }),
      keyOf({ temperature: 1 }),
      keyOf({ reasoning: 'think' }),
    ]);
    expect(new Set(keys).size).toBe(4);
    expect(await keyOf({})).toBe(keys[0]);
  });
});
