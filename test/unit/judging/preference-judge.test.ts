import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/domain/item.ts';
import type { PromptTemplate } from '../../../src/domain/template.ts';
import { createFence } from '../../../src/judging/fence.ts';
import { createPreferenceJudge, labelProbeOf } from '../../../src/judging/preference-judge.ts';
import { failure, openCall, reply, scriptedEngine } from '../../fakes/engine.ts';

const template: PromptTemplate = {
  name: 'preference/test',
  version: 3,
  task: 'preference',
  defaultRubric: 'r',
  labels: { first: ['A'], second: ['B'], tie: ['C'] },
  messages: [{ role: 'user', content: '{{nonce}} {{prompt}} {{first}}>{{second}}' }],
};
const item: Item = { id: 'i', prompt: 'p', candidates: ['good', 'bad'], rubric: undefined, metadata: {} };

function judgeOn(engine: ReturnType<typeof scriptedEngine>, orders: 'both' | 'one' = 'both') {
  return createPreferenceJudge({
    name: 'quick',
    engine,
    engineKind: 'openai/vllm',
    template,
    orders,
    fence: createFence('a secret'),
  });
}

/** Prefers the text "good" with 0.7, plus 0.1 for whatever stands first. */
const biased = scriptedEngine(({ messages }) =>
  messages[0]?.content.includes('good>bad') ? reply(0.8, 0.1, 0.1) : reply(0.4, 0.5, 0.1),
);

describe('the preference judge', () => {
  it('asks in both orders and averages after un-swapping', async () => {
    const answer = await judgeOn(biased).judge(item, { tier: 'small' }, openCall());
    expect(answer.ok).toBe(true);
    if (!answer.ok) return;
    expect(answer.judgment.probabilities.a).toBeCloseTo(0.65, 12);
    expect(answer.judgment.probabilities.b).toBeCloseTo(0.25, 12);
    expect(answer.judgment.probabilities.tie).toBeCloseTo(0.1, 12);
    expect(answer.judgment.confidence).toBeCloseTo(0.65, 12);
    expect(answer.judgment.orderGap).toBeCloseTo(0.3, 12);
    expect(answer.judgment.flags).toEqual([]);
    expect(answer.trail.map(({ order, pFirst }) => [order, pFirst])).toEqual([
      ['ba', 0.4],
      ['ab', 0.8],
    ]);
    expect(answer.trail[0]).toMatchObject({
      tier: 'small',
      judge: 'quick',
      engine: 'fake',
      model: 'fake-model',
      precision: 'awq',
      replica: 'http://replica',
      pick: 'only one ready',
      attempts: 1,
      coalesced: 1,
      prompt: 'preference/test@3',
      route: 'label_ids',
      fingerprint: 'vllm-test',
      ms: 7,
      problem: null,
    });
  });

  it('flags a judge whose label follows the position', async () => {
    const answer = await judgeOn(scriptedEngine(() => reply(0.7, 0.2, 0.1))).judge(
      item,
      { tier: 'small' },
      openCall(),
    );
    expect(answer).toMatchObject({ ok: true, judgment: { flags: ['position_inconsistent'] } });
  });

  it('asks only the other order after a judgment in one, and averages both', async () => {
    const engine = scriptedEngine(({ messages }) =>
      messages[0]?.content.includes('good>bad') ? reply(0.8, 0.1, 0.1) : reply(0.4, 0.5, 0.1),
    );
    const judge = judgeOn(engine);
    const one = await judge.judge(item, { tier: 'small', orders: 'one' }, openCall());
    if (!one.ok) throw new Error(one.problem.message);
    expect(one.judgment.flags).toEqual(['single_order']);
    expect(one.judgment.probabilities.a).toBeCloseTo(0.5, 12);
    const both = await judge.judge(item, { tier: 'small', before: one.judgment }, openCall());
    if (!both.ok) throw new Error(both.problem.message);
    expect(both.judgment.probabilities.a).toBeCloseTo(0.65, 12);
    expect(both.judgment.readings.map(({ order }) => order)).toEqual(['ba', 'ab']);
    expect(both.judgment.orderGap).toBeCloseTo(0.3, 12);
    expect(both.trail.map(({ order }) => order)).toEqual(['ab']);
    expect(one.judgment.key.parts).toMatchObject({
      orders: 'one',
      engine: 'openai/vllm',
      fingerprint: 'vllm-test',
    });
    expect(both.judgment.key.parts).toMatchObject({
      orders: 'both',
      prompt: 'preference/test@3',
      precision: 'awq',
    });
    expect(both.judgment.key.id).not.toBe(one.judgment.key.id);
    expect(engine.requests).toHaveLength(2);
  });

  it('keeps the questions about one prompt together', async () => {
    const engine = scriptedEngine(() => reply(0.9, 0.05, 0.05));
    const judge = judgeOn(engine);
    await judge.judge(item, { tier: 'small' }, openCall());
    await judge.judge({ ...item, candidates: ['other', 'pair'] }, { tier: 'small' }, openCall());
    await judge.judge({ ...item, prompt: 'another' }, { tier: 'small' }, openCall());
    const keys = engine.requests.map(({ affinity }) => affinity);
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    expect(keys[4]).not.toBe(keys[0]);
  });

  it('asks once in the order that the item picks, the same every time', async () => {
    const engine = scriptedEngine(() => reply(0.9, 0.05, 0.05));
    const judge = judgeOn(engine, 'one');
    const first = await judge.judge(item, { tier: 'small' }, openCall());
    const second = await judge.judge(item, { tier: 'small' }, openCall());
    expect(engine.requests).toHaveLength(2);
    expect(first.trail[0]?.order).toBe(second.trail[0]?.order);
    expect(first).toMatchObject({ ok: true, judgment: { flags: ['single_order'], orderGap: null } });
  });

  it('never guesses where the labels hold too little probability', async () => {
    const answer = await judgeOn(scriptedEngine(() => reply(0.4, 0.05, 0))).judge(
      item,
      { tier: 'small' },
      openCall(),
    );
    expect(answer).toMatchObject({
      ok: false,
      problem: {
        code: 'unparseable',
        message: 'the judge put only 0.45 of its probability on the labels; 0.9 is needed',
      },
    });
    expect(answer.trail[0]?.labelMass).toBeCloseTo(0.45, 12);
  });

  it('survives a reply with no probability on any label', async () => {
    const answer = await judgeOn(scriptedEngine(() => reply(0, 0, 0))).judge(
      item,
      { tier: 'small' },
      openCall(),
    );
    expect(answer).toMatchObject({ ok: false, problem: { code: 'unparseable' } });
    expect(answer.trail[0]).toMatchObject({ pFirst: null, labelMass: 0 });
  });

  it('fails with the reason of the order that failed, and keeps the cost of both', async () => {
    let n = 0;
    const engine = scriptedEngine(() => ((n += 1) === 1 ? reply(0.9, 0.1, 0) : failure('context_overflow')));
    const answer = await judgeOn(engine).judge(item, { tier: 'small' }, openCall());
    expect(answer).toMatchObject({ ok: false, problem: { code: 'context_overflow' } });
    expect(answer.trail.map((entry) => entry.cost.nanoUsd)).toEqual([1000, 1000]);
  });

  it('lowers confidence by what the engine left unsaid', async () => {
    const engine = scriptedEngine(() => reply(0.9, 0, 0.05, { first: 0.9, second: 0.05, tie: 0.05 }));
    const answer = await judgeOn(engine, 'one').judge(item, { tier: 'small' }, openCall());
    expect(answer).toMatchObject({
      ok: true,
      judgment: {
        flags: ['single_order', 'censored_logprobs'],
        confidence: expect.closeTo(0.9, 12), // 0.9 / (0.95 + 0.05)
      },
    });
  });

  it('offers its labels with a rendered example for the tokenizer', () => {
    expect(labelProbeOf(template)).toEqual({
      id: 'preference/test@3',
      spellings: { first: ['A'], second: ['B'], tie: ['C'] },
      context: [{ role: 'user', content: 'a1b2c3d4e5 What is the capital of France? Paris.>Lyon.' }],
    });
  });
});
