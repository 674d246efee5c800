import { describe, expect, it } from 'vitest';
import type { EngineResult, DistributionReply } from '../../../src/contracts/engine.ts';
import type { Item } from '../../../src/domain/item.ts';
import type { PromptTemplate } from '../../../src/domain/template.ts';
import { createScoreJudge } from '../../../src/judging/score-judge.ts';
import { openCall, scriptedEngine } from '../../fakes/engine.ts';
import { events, generatingEngine } from '../../fakes/generating-engine.ts';

const template: PromptTemplate = {
  name: 'score/test',
  version: 1,
  task: 'score',
  defaultRubric: 'r',
  labels: {},
  messages: [{ role: 'user', content: '{{criteria}} {{prompt}} {{response}} {{nonce}} ({{answers}}):' }],
};
const scale = { min: 1, max: 3 };
const criterion = (name: string) => ({ name, text: name, scale, anchors: [], weight: 1 });
const item: Item = {
  id: 'i',
  prompt: 'p',
  candidates: ['c'],
  rubric: { id: 'r@1', text: 'r', criteria: [criterion('help'), criterion('harm')] },
  metadata: {},
};

const certain = (point: string): EngineResult<DistributionReply> => ({
  ok: true,
  value: {
    distribution: { labels: { [point]: { probability: 1, atMost: 1 } }, mass: 1, route: 'label_ids' },
    usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
    fingerprint: null,
  },
});

/** Writes these tokens, each with all of the probability but for what `weak` leaves. */
function judgeWriting(tokens: readonly string[], weak?: string) {
  const chunks = tokens.map((token) => {
    const logprob = Math.log(token === weak ? 0.5 : 1);
    const content = [{ token, logprob, top_logprobs: [{ token, logprob }] }];
    return { choices: [{ index: 0, delta: { content: token }, logprobs: { content } }] };
  });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const asked = scriptedEngine(() => certain('2'));
  const engine = { ...asked, generate: generatingEngine('big', () => events([...chunks, end])).generate };
  const judge = createScoreJudge({
    name: 'j',
    engine,
    engineKind: 'openai/vllm',
    template,
    fence: () => 'word',
  });
  return { judge, asked };
}

async function judged(tokens: readonly string[], weak?: string) {
  const { judge, asked } = judgeWriting(tokens, weak);
  const answer = await judge.judge(item, { tier: 't' }, openCall());
  if (!answer.ok) throw new Error(answer.problem.message);
  return {
    expected: answer.judgment.criteria.map((one) => one.expected),
    trail: answer.trail.map(({ part, problem }) => [part, problem?.message ?? null]),
    asked: asked.requests.map(({ messages }) => messages[0]?.content),
  };
}

describe('a score judge with a sheet', () => {
  it('takes every criterion from its line', async () => {
    expect(await judged(['1', '\n', '3'])).toEqual({
      expected: [1, 3],
      trail: [['all criteria', null]],
      asked: [],
    });
  });

  it('asks by itself for the criterion whose line holds no score', async () => {
    const told = await judged(['1', '\n', 'high']);
    expect(told.expected).toEqual([1, 2]);
    expect(told.trail).toEqual([
      ['all criteria', 'no score on the line of harm; asked by itself'],
      ['harm', null],
    ]);
    expect(told.asked).toEqual(['1. harm: harm p c word (line 1: 1, 2 or 3):']);
  });

  it('asks by itself where too little of the probability is on the scores', async () => {
    expect((await judged(['3', '\n', '1'], '3')).expected).toEqual([2, 1]);
  });

  it('asks each by itself when the lines do not fit', async () => {
    const told = await judged(['1']);
    expect(told.expected).toEqual([2, 2]);
    expect(told.trail.map(([part]) => part)).toEqual(['all criteria', 'help', 'harm']);
    expect(told.trail[0]?.[1]).toBe(
      'the answer is not one score on each line; each criterion was asked by itself',
    );
  });
});
