import { describe, expect, it } from 'vitest';
import { createLineReader, parseFeedback } from '../../../src/wire/feedback-request.ts';

const RULES = {
  maxItems: 3,
  constitutions: new Map(),
  rubrics: new Map([
    ['harmless@2', { id: 'harmless@2', text: 'Do no harm.' }],
    ['helpful@1', { id: 'helpful@1', text: 'Help.' }],
  ]),
};

const GOOD = { prompt: 'Why?', candidates: ['Because.', 'No idea.'] };

function items(...raw: unknown[]): unknown[] {
  const parsed = parseFeedback('preference', { items: raw }, RULES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return [...parsed.value.items];
}

function problemOf(raw: unknown): unknown {
  return (items(raw)[0] as { problem?: unknown }).problem;
}

function refusals(body: unknown): string[] {
  const parsed = parseFeedback('preference', body, RULES);
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.message);
}

describe('a request', () => {
  it('is read with its items in order', () => {
    const body = {
      policy: 'strict',
      items: [
        { id: 'row-17', ...GOOD, rubric: 'harmless@2', metadata: { source: 'x' } },
        {
          ...GOOD,
          prompt: [
            { role: 'system', content: '' },
            { role: 'user', content: 'Why?' },
          ],
        },
      ],
    };
    expect(parseFeedback('preference', body, RULES)).toEqual({
      ok: true,
      value: {
        policy: 'strict',
        items: [
          {
            ok: true,
            item: {
              id: 'row-17',
              prompt: 'Why?',
              candidates: ['Because.', 'No idea.'],
              rubric: { id: 'harmless@2', text: 'Do no harm.' },
              metadata: { source: 'x' },
            },
          },
          {
            ok: true,
            item: {
              id: 'item-1',
              prompt: [
                { role: 'system', content: '' },
                { role: 'user', content: 'Why?' },
              ],
              candidates: ['Because.', 'No idea.'],
              rubric: undefined,
              metadata: {},
            },
          },
        ],
      },
    });
  });

  it('tells all that is wrong with it at once', () => {
    expect(refusals({ policy: 3, prompt: 'x', items: [1, 2, 3, 4] })).toEqual([
      'policy must be a string, found a number',
      'prompt is not a known field; allowed: policy, items',
      'items must have at most 3 entries, found 4',
    ]);
  });

  it.each([
    [[], 'the body must be an object, found a list'],
    [null, 'the body must be an object, found null'],
    ['text', 'the body must be an object, found a string'],
    [{}, 'items is required'],
    [{ items: {} }, 'items must be a list, found an object'],
    [{ items: [], 'a b': 1 }, '"a b" is not a known field; allowed: policy, items'],
  ])('%j is refused', (body, message) => {
    expect(refusals(body)).toEqual([message]);
  });

  it('may be empty, as trainers that shard their batches send such', () => {
    expect(parseFeedback('preference', { items: [] }, RULES)).toEqual({
      ok: true,
      value: { policy: undefined, items: [] },
    });
  });
});

describe('an item', () => {
  it.each([
    [{ ...GOOD, prompt: '' }, 'items[0].prompt must not be empty or blank'],
    [{ ...GOOD, prompt: ' \n' }, 'items[0].prompt must not be empty or blank'],
    [{ ...GOOD, prompt: [] }, 'items[0].prompt must not be empty'],
    [
      { ...GOOD, prompt: [{ role: 'user', content: ' ' }] },
      'items[0].prompt must not be blank in every message',
    ],
    [
      { ...GOOD, prompt: [{ role: 'user', content: 3 }] },
      'items[0].prompt[0].content must be a string, found a number',
    ],
    [{ ...GOOD, prompt: [{ content: 'x' }] }, 'items[0].prompt[0].role is required'],
    [{ ...GOOD, prompt: 7 }, 'items[0].prompt must be a string or a list, found a number'],
    [{ candidates: ['x', 'y'] }, 'items[0].prompt is required'],
    [{ ...GOOD, candidates: ['x'] }, 'items[0].candidates must have exactly 2 entries, found 1'],
    [{ ...GOOD, candidates: ['x', 'y', 'z'] }, 'items[0].candidates must have exactly 2 entries, found 3'],
    [{ ...GOOD, candidates: 'xy' }, 'items[0].candidates must be a list, found a string'],
    [{ ...GOOD, candidates: ['x', null] }, 'items[0].candidates[1] must be a string, found null'],
    [{ ...GOOD, candidates: ['x', '\t'] }, 'items[0].candidates[1] must not be empty or blank'],
    [
      { ...GOOD, candidates: ['x', 'a\0b'] },
      'items[0].candidates[1] must not contain NUL, found one at character 1',
    ],
    [
      { ...GOOD, candidates: ['x', '\ud83d'] },
      'items[0].candidates[1] must be Unicode text, found a lone surrogate',
    ],
    [{ ...GOOD, id: 5 }, 'items[0].id must be a string, found a number'],
    [{ ...GOOD, id: 'x'.repeat(257) }, 'items[0].id must have at most 256 characters, found 257'],
    [{ ...GOOD, id: '' }, 'items[0].id must not be empty'],
    [{ ...GOOD, metadata: [] }, 'items[0].metadata must be an object, found a list'],
    [{ ...GOOD, rubric: 'kind@1' }, 'items[0].rubric is not a known rubric; known: harmless@2, helpful@1'],
    [
      { ...GOOD, weight: 1 },
      'items[0].weight is not a known field; allowed: id, prompt, candidates, rubric, reasons, metadata, inclusion_probability',
    ],
    ['text', 'items[0] must be an object, found a string'],
  ])('%j is invalid', (raw, message) => {
    expect(problemOf(raw)).toEqual({
      code: 'invalid_request',
      message,
      param: message.slice(0, message.indexOf(' ')),
    });
  });

  it('tells all that is wrong with it in one message', () => {
    expect(problemOf({ prompt: '', candidates: ['x'], extra: 1 })).toEqual({
      code: 'invalid_request',
      message:
        'items[0].prompt must not be empty or blank; ' +
        'items[0].candidates must have exactly 2 entries, found 1; ' +
        'items[0].extra is not a known field; allowed: id, prompt, candidates, rubric, reasons, metadata, inclusion_probability',
      param: 'items[0].prompt',
    });
  });

  it('never fails its neighbours, and keeps its id and metadata', () => {
    const read = items(GOOD, { id: 'bad', candidates: [], metadata: { row: 2 } }, { id: 'last', ...GOOD });
    expect(read).toMatchObject([
      { ok: true, item: { id: 'item-0' } },
      { ok: false, id: 'bad', metadata: { row: 2 } },
      { ok: true, item: { id: 'last' } },
    ]);
  });

  it('may have equal candidates', () => {
    expect(items({ prompt: 'x', candidates: ['same', 'same'] })).toMatchObject([{ ok: true }]);
  });

  it('is invalid when its id came before', () => {
    expect(items({ id: 'x', ...GOOD }, { id: 'y', ...GOOD }, { id: 'x', ...GOOD })).toMatchObject([
      { ok: true, item: { id: 'x' } },
      { ok: true, item: { id: 'y' } },
      {
        ok: false,
        id: 'x',
        problem: { message: 'items[2].id repeats the id of items[0]', param: 'items[2].id' },
      },
    ]);
  });

  it('gets a made-up id that no other item has', () => {
    expect(items({ id: 'item-1', ...GOOD }, GOOD)).toMatchObject([
      { item: { id: 'item-1' } },
      { item: { id: 'item-1_' } },
    ]);
  });

  it('never has its text in a message', () => {
    const secret = 'the-secret-prompt';
    const problem = JSON.stringify(
      items(
        { prompt: [{ role: 'user', content: [secret] }], candidates: [secret], metadata: secret },
        { prompt: secret, candidates: { secret }, rubric: secret },
      ).map((item) => (item as { problem: unknown }).problem),
    );
    expect(problem).toContain('items[1].candidates');
    expect(problem).not.toContain(secret);
  });
});

describe('a candidate of a cohort', () => {
  const member = { id: 'm', prompt: 'Why?', candidates: ['Because.'], cohort: { id: 'g', size: 4 } };

  it('is read with its group', () => {
    const parsed = parseFeedback('ranking', { items: [member] }, RULES);
    expect(parsed).toMatchObject({
      ok: true,
      value: { items: [{ ok: true, item: { id: 'm', wishes: { cohort: { id: 'g', size: 4 } } } }] },
    });
  });

  it('is refused in a job, whose items are judged in parts', () => {
    expect(createLineReader('ranking', RULES)(3, member)).toMatchObject({
      ok: false,
      problem: {
        message:
          'lines[3].cohort is for calls that wait; in a job bring the whole group as the candidates of one item',
      },
    });
  });
});
