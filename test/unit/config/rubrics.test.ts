import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadRubrics } from '../../../src/config/rubrics.ts';
import { ConfigError } from '../../../src/contracts/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-rubrics-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

function load(...texts: readonly string[]) {
  folders += 1;
  const directory = join(folder, String(folders));
  mkdirSync(directory);
  for (const [index, text] of texts.entries()) writeFileSync(join(directory, `${index}.yaml`), text);
  return loadRubrics(directory);
}

function problemsOf(...texts: readonly string[]): string[] {
  try {
    load(...texts);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
  return [];
}

describe('rubric files', () => {
  it('have criteria with defaults, and a text for comparisons', () => {
    const rubrics = load('name: short\nversion: 3\ncriteria:\n  - { name: length, text: It is short. }\n');
    expect([...rubrics.keys()]).toEqual(['short@3']);
    expect(rubrics.get('short@3')).toEqual({
      id: 'short@3',
      text: 'length: It is short.',
      criteria: [{ name: 'length', text: 'It is short.', weight: 1, scale: { min: 1, max: 5 }, anchors: [] }],
    });
  });

  it('are refused with all problems of a file at once, each with its line', () => {
    const text = `name: x
version: 1
criteria:
  - name: one
    text: One.
    scale: { min: 3, max: 3 }
  - name: one
    text: Two.
    anchors:
      - { score: 7, text: Beyond. }
  - name: wide
    text: Three.
    scale: { min: 0, max: 40 }
`;
    expect(problemsOf(text)).toEqual([
      '6 criteria.0.scale: max must be above min',
      '7 criteria.1.name: repeats criteria[0]',
      '10 criteria.1.anchors.0.score: 7 is not on the scale',
      '13 criteria.2.scale: has 41 points; at most 20 can be told apart',
    ]);
  });

  it('are refused with unknown keys, and when a version is there twice', () => {
    const good = 'name: x\nversion: 1\ncriteria: [{ name: a, text: A. }]\n';
    expect(problemsOf(`${good}weights: 1\n`)).toEqual(['1 : Unrecognized key: "weights"']);
    expect(problemsOf(good, good)).toEqual(['null : x@1 exists already: raise its version']);
  });

  it('are read in the model-graded shape: a prompt with choices and what each is worth', () => {
    const rubrics = load(`
Fact_Check:
  prompt: |
    Question: {input}
    Does {completion} agree with {ideal}?
  choice_strings: ABC
  choice_scores: { A: 0.0, B: 1.0, C: 0.5 }
  input_outputs: { input: completion }
stars:
  prompt: How good is {completion}?
  choice_strings: ["1", "2", "3", "4", "5"]
  choice_scores: from_strings
`);
    expect([...rubrics.keys()]).toEqual(['fact-check@1', 'stars@1']);
    expect(rubrics.get('fact-check@1')?.criteria).toEqual([
      {
        name: 'grade',
        text: 'Question: the prompt\nDoes the response agree with the reference?\n',
        weight: 1,
        scale: { min: 0, max: 2 },
        anchors: [
          { score: 0, text: 'what the criterion calls "A"' },
          { score: 1, text: 'what the criterion calls "C"' },
          { score: 2, text: 'what the criterion calls "B"' },
        ],
      },
    ]);
    expect(rubrics.get('stars@1')?.criteria?.[0]?.scale).toEqual({ min: 1, max: 5 });
  });

  it('are refused in that shape where something would be lost, all problems at once', () => {
    const text = `
battle:
  prompt: Is {completion_1} better than {completion}?
  choice_strings: [yes, no, unsure]
  choice_scores: { yes: 1, no: 0, unsure: 0.2 }
open:
  prompt: Is it?
  choice_strings: YN
  choice_scores: { Y: 1 }
`;
    expect(problemsOf(text)).toEqual([
      '3 battle.prompt: {completion_1} has no place in a score of one response; known: input, question, query, completion, response, output, ideal, reference, expected',
      '5 battle.choice_scores: must be evenly spaced, as the points of a scale are',
      '9 open.choice_scores: needs a number for each of the choice_strings',
    ]);
  });
});
