import { expect, it } from 'vitest';
import { parseAnchors, parseCanaries } from '../../../src/wire/anchors.ts';

const rubrics = new Map([['kind@1', { id: 'kind@1', text: 'Be kind.' }]]);

it('reads pairs with and without gold labels', () => {
  const text = [
    '{"prompt": "q", "candidates": ["x", "y"], "gold": "b"}',
    '',
    '{"id": "r7", "prompt": [{"role": "user", "content": "q"}], "responses": ["x", "y"], "human": "a", "rubric": "kind@1"}',
    '{"prompt": "q", "candidates": ["x", "z"]}',
  ].join('\n');
  const read = parseAnchors(text, rubrics);
  expect(
    read.ok && read.items.map(({ item, gold }) => [item.id, item.candidates, item.rubric?.text, gold]),
  ).toEqual([
    ['line-1', ['x', 'y'], undefined, 'b'],
    ['r7', ['x', 'y'], 'Be kind.', 'a'],
    ['line-4', ['x', 'z'], undefined, null],
  ]);
});

it('tells every bad line', () => {
  const text = [
    'nonsense',
    '{"prompt": "q"}',
    '{"prompt": "", "candidates": ["x"], "gold": "x"}',
    '{"prompt": "q", "candidates": ["x", "y"], "rubric": "no@1"}',
  ].join('\n');
  const read = parseAnchors(text, rubrics);
  const problems = read.ok ? [] : read.problems.map(({ line, message }) => `${line}: ${message}`);
  expect(problems).toHaveLength(4);
  expect(problems[0]).toBe('1: is not JSON');
  expect(problems[1]).toBe('2: has no "candidates"');
  expect(problems[2]).toContain('gold must be "a", "b" or "tie"');
  expect(problems[3]).toBe('4: rubric no@1 is not configured');
  expect(parseAnchors('\n', rubrics)).toEqual({
    ok: false,
    problems: [{ line: 1, message: 'there is no item' }],
  });
});

it('wants a gold label of every canary', () => {
  const text = ['nonsense', '{"prompt": "q", "candidates": ["x", "y"]}'].join('\n');
  expect(parseCanaries(text, rubrics)).toEqual({
    ok: false,
    problems: [
      { line: 1, message: 'is not JSON' },
      { line: 2, message: 'has no "gold"' },
    ],
  });
});
