import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/loader.ts';
import { ConfigError } from '../../../src/contracts/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-tasks-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'constitutions'));
writeFileSync(
  join(folder, 'constitutions/kind.json'),
  '{"constitutions": [{"critic": "Is it kind?", "revision": "Make it kind."}]}',
);

const START = `
engines:
  small: { kind: openai, flavour: vllm, replicas: [http://a:1], model: m, cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 } }
constitutions: { directory: constitutions }
judges:
  pairs: { engine: small }
  scorer: { engine: small, prompt: score/label }
  critic: { engine: small, prompt: critique/chain }
policies:
`;

function problemsOf(policies: string): string[] {
  return problemsIn(START + policies);
}

function problemsIn(text: string): string[] {
  const path = join(folder, 'assay.yaml');
  writeFileSync(path, text);
  const builtInTemplates = join(import.meta.dirname, '../../../src/judging/templates');
  try {
    loadConfig(path, { environment: {}, builtInTemplates });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path: place, message }) => `${place}: ${message}`);
  }
  return [];
}

describe('a policy and its task', () => {
  it('may be for each of them, with judges whose prompt does it', () => {
    const policies = `
  default: { tiers: [pairs] }
  scores: { task: score, tiers: [scorer] }
  critiques: { task: critique, tiers: [critic], critique: { constitution: kind, revise: 2, checkedBy: pairs } }
`;
    expect(problemsOf(policies)).toEqual([]);
  });

  it('is told all that does not fit at once', () => {
    const policies = `
  default: { tiers: [scorer] }
  scores: { task: score, tiers: [pairs], rubric: none@1, target: { agreement: 0.9 } }
  one: { task: critique, tiers: [critic] }
  two: { task: critique, tiers: [critic, scorer], critique: { constitution: kin } }
  three: { task: critique, tiers: [critic], critique: { constitution: kind, checkedBy: scorer } }
  four: { tiers: [pairs], critique: { constitution: kind } }
`;
    expect(problemsOf(policies)).toEqual([
      'policies.default.tiers[0]: the prompt of "scorer" is for the task score, the policy is for preference',
      'policies.scores.tiers[0]: the prompt of "pairs" is for the task preference, the policy is for score',
      'policies.scores.rubric: there is no rubric "none@1". Known: none',
      'policies.scores.target: needs a smaller tier before the last one: agreement is proven against the last',
      'policies.scores.target: is for preferences alone: certificates prove labels',
      'policies.one: needs critique.constitution for its task',
      'policies.two.tiers[1]: the prompt of "scorer" is for the task score, the policy is for critique',
      'policies.two.critique: needs checkedBy: without a comparison nothing says when the next tier is asked',
      'policies.two.critique.constitution: there is no constitution "kin". Did you mean "kind"? Known: kind@1, kind',
      'policies.three.critique.checkedBy: "scorer" does not compare: its prompt is score/label',
      'policies.four.critique: is for the task critique alone',
    ]);
  });

  it('is told when a judge is to give reasons with a prompt that has no turn for the label, or the reverse', () => {
    const judges = `
judges:
  pairs: { engine: small }
  blunt: { engine: small, reasoning: think }
  wordy: { engine: small, prompt: preference/reasoned, reasoning: none }
  thinker: { engine: small, prompt: score/reasoned, reasoning: think }
policies:
  default: { tiers: [pairs] }
`;
    const start = START.slice(0, START.indexOf('judges:'));
    expect(problemsIn(start + judges)).toEqual([
      'judges.blunt.reasoning: the prompt preference/label has no turn "answer"; use one that has, such as preference/reasoned or score/reasoned',
      'judges.wordy.reasoning: the prompt preference/reasoned asks for reasons; leave it out, or choose another prompt',
    ]);
  });
});
