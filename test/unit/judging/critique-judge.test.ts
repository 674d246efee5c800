import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/contracts/call.ts';
import type { Judge } from '../../../src/contracts/judge.ts';
import type { Constitution } from '../../../src/domain/constitution.ts';
import type { Item, Wishes } from '../../../src/domain/item.ts';
import { judgmentOf } from '../../../src/domain/judgment.ts';
import type { PromptTemplate } from '../../../src/domain/template.ts';
import { createCritiqueJudge } from '../../../src/judging/critique-judge.ts';
import { brokenEvents, events, generatingEngine, type Script } from '../../fakes/generating-engine.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';

const template: PromptTemplate = {
  name: 'critique/test',
  version: 1,
  task: 'critique',
  defaultRubric: '',
  labels: {},
  messages: [
    { role: 'user', content: '{{prompt}}|{{response}}|{{critique_request}}|{{evidence}}|{{nonce}}' },
  ],
  revision: [{ role: 'user', content: '{{revision_request}}' }],
};

const constitution: Constitution = {
  id: 'c@1',
  principles: [{ id: 'harm', critique: 'What hurts?', revision: 'Take it out.' }],
  examples: [],
};

const openCall: Call = {
  requestId: 'r',
  team: 't',
  signal: new AbortController().signal,
  deadline: Number.POSITIVE_INFINITY,
};

function itemOf(wishes: Wishes, response = 'Hit him with a stick.'): Item {
  return {
    id: 'i',
    prompt: 'p',
    candidates: [response],
    rubric: undefined,
    wishes: { constitution, ...wishes },
    metadata: {},
  };
}

/** Answers with these texts, one after the other. */
function writing(...texts: readonly string[]): Script {
  const left = [...texts];
  return () =>
    events([
      { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }], system_fingerprint: 'build-1' },
      { choices: [{ index: 0, delta: { content: left.shift() ?? '' } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ]);
}

function judgeWith(script: Script, gate: Judge | null = null) {
  const engine = generatingEngine('big', script);
  const judge = createCritiqueJudge({
    name: 'critic',
    engine,
    engineKind: 'openai/vllm',
    template,
    fence: () => 'word',
    maxTokens: 99,
    temperature: 0,
    gate,
  });
  return { engine, ask: (item: Item) => judge.judge(item, { tier: 'top' }, openCall) };
}

async function stepsOf(script: Script, item: Item) {
  const reply = await judgeWith(script).ask(item);
  if (!reply.ok) throw new Error(reply.problem.message);
  return reply.judgment;
}

describe('the critique judge', () => {
  it('asks for the revision in the conversation of the critique, and goes on from what came of it', async () => {
    const { engine, ask } = judgeWith(
      writing('It hurts him.', 'Talk to him.', 'Fine.', 'Talk to him kindly.'),
    );
    const reply = await ask(itemOf({ revise: 2 }));
    expect(reply).toMatchObject({
      ok: true,
      judgment: {
        improvement: null,
        steps: [
          { response: 'Hit him with a stick.', critique: 'It hurts him.', revision: 'Talk to him.' },
          { response: 'Talk to him.', critique: 'Fine.', revision: 'Talk to him kindly.' },
        ],
      },
    });
    expect(engine.asked[1]?.body).toEqual({
      model: 'big-model',
      max_tokens: 99,
      temperature: 0,
      messages: [
        { role: 'user', content: 'p|Hit him with a stick.|What hurts?||word' },
        { role: 'assistant', content: 'It hurts him.' },
        { role: 'user', content: 'Take it out.' },
      ],
    });
    expect(engine.asked[2]?.body['messages']).toEqual([
      { role: 'user', content: 'p|Talk to him.|What hurts?||word' },
    ]);
    expect(reply.trail.map(({ part, fingerprint, cost }) => [part, fingerprint, cost.nanoUsd])).toEqual([
      ['critique 1', 'build-1', 1000],
      ['revision 1', 'build-1', 1000],
      ['critique 2', 'build-1', 1000],
      ['revision 2', 'build-1', 1000],
    ]);
  });

  it('takes as evidence only quotes that stand in the response, and says that others were dropped', async () => {
    const said = 'Bad: <quote>with a stick</quote> and <quote>with a gun</quote>.';
    const judgment = await stepsOf(writing(said), itemOf({ evidence: true }));
    expect(judgment.flags).toEqual(['evidence_dropped']);
    expect(judgment.steps[0]).toMatchObject({
      critique: 'Bad: “with a stick” and “with a gun”.',
      evidence: [{ start: 8, end: 20, text: 'with a stick' }],
    });
  });

  it.each([
    ['<think>Hm, <b>?</think>\n\nIt hurts.', 'Hm, <b>?'],
    ['opened in the prompt</think>It hurts.', 'opened in the prompt'],
    ['It hurts.', null],
  ])('keeps thoughts apart: %j', async (text, reasoning) => {
    const judgment = await stepsOf(writing(text), itemOf({}));
    expect(judgment.steps[0]).toMatchObject({ critique: 'It hurts.', reasoning });
  });

  it('reads thoughts from fields of their own, and bounds what it keeps', async () => {
    const script: Script = () =>
      events([
        { choices: [{ index: 0, delta: { reasoning_content: 'long '.repeat(5_000) } }] },
        { choices: [{ index: 0, delta: { content: 'It hurts.' }, finish_reason: 'stop' }] },
      ]);
    const judgment = await stepsOf(script, itemOf({}));
    expect(judgment.steps[0]?.critique).toBe('It hurts.');
    expect(judgment.steps[0]?.reasoning).toHaveLength(8_000);
  });

  const chunk = (content: string, finish: string) => [
    { choices: [{ index: 0, delta: { content }, finish_reason: finish }] },
  ];
  it.each<[string, Script, string]>([
    ['cut at the limit', () => events(chunk('It hu', 'length')), 'truncated'],
    ['cut in its thoughts', () => events(chunk('<think>hm', 'length')), 'truncated'],
    ['empty', () => events(chunk('  \n', 'stop')), 'unparseable'],
    ['nothing but thoughts', () => events(chunk('<think>hm</think>', 'stop')), 'unparseable'],
    ['filtered', () => events(chunk('It', 'content_filter')), 'refused'],
    ['refused in words', writing("I'm sorry, but I can't help with that."), 'refused'],
    ['broken off', () => brokenEvents(chunk('It', ''), 'engine_error'), 'engine_error'],
  ])('makes no critique of an answer that is %s', async (_, script, code) => {
    const reply = await judgeWith(script).ask(itemOf({ revise: 1 }));
    expect(reply).toMatchObject({ ok: false, problem: { code }, trail: [{ part: 'critique 1' }] });
    expect(reply.trail[0]?.cost.nanoUsd).toBe(1000);
  });

  it('gives no chain whose second round broke', async () => {
    const texts = ['It hurts him.', 'Talk to him.', ''];
    const reply = await judgeWith(writing(...texts)).ask(itemOf({ revise: 2 }));
    expect(reply).toMatchObject({ ok: false, problem: { code: 'unparseable' } });
    expect(reply.trail.map(({ part }) => part)).toEqual(['critique 1', 'revision 1', 'critique 2']);
  });

  it('has the last revision compared with the response, and counts a tie as half', async () => {
    const asked: (readonly string[])[] = [];
    const gate: Judge = {
      name: 'pairs',
      async judge({ candidates }) {
        asked.push(candidates);
        const probabilities = { a: 0.2, b: 0.7, tie: 0.1 };
        const reading = { order: 'ab', probabilities, worstCase: 0.7, censored: false, mass: 1 } as const;
        return { ok: true, judgment: judgmentOf([reading], keyOfModel('m')), trail: [] };
      },
    };
    const reply = await judgeWith(writing('It hurts him.', 'Talk to him.'), gate).ask(itemOf({ revise: 1 }));
    expect(asked).toEqual([['Hit him with a stick.', 'Talk to him.']]);
    expect(reply).toMatchObject({ ok: true, judgment: { improvement: 0.75 } });
    const same = await judgeWith(writing('Fine.', 'Hit him with a stick.'), gate).ask(itemOf({ revise: 1 }));
    expect(same).toMatchObject({ ok: true, judgment: { improvement: 0.5 } });
    expect(asked).toHaveLength(1);
  });
});
