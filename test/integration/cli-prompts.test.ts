import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

const template = (content: string): string =>
  JSON.stringify({
    name: 'preference/own',
    version: 1,
    task: 'preference',
    labels: { first: ['A'], second: ['B'], tie: ['C'] },
    defaultRubric: 'Which helps more?',
    messages: [{ role: 'user', content }],
  });

const FENCED = ['prompt', 'first', 'second']
  .map((name) => `[${name} {{nonce}}]\n{{${name}}}\n[/${name} {{nonce}}]`)
  .join('\n');
const GOOD = `Compare by this:\n{{rubric}}\nAnswer A, B or C and do not explain it.\n${FENCED}\nThe better one:`;

async function check(content: string): Promise<{ code: number; rules: string[]; stdout: string }> {
  const at = temporaryFolder({ 'own.yaml': template(content) });
  const { code, stdout } = await cli(['prompts', 'check', at(''), '--json'], { program });
  const { templates, findings } = JSON.parse(stdout) as { templates: string[]; findings: { rule: string }[] };
  expect(templates).toEqual(['preference/own@1']);
  return { code, rules: findings.map(({ rule }) => rule), stdout };
}

describe('assay prompts check', () => {
  it('has nothing against the built-in templates', async () => {
    const { code, stdout } = await cli(['prompts', 'check'], { program });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'ok  critique/chain@1, preference/label@1, preference/reasoned@1, preference/several@1, score/label@1, score/reasoned@1, score/sheet@1\n',
    });
  });

  it('passes a template with shared text first, fences, and the question last', async () => {
    await expect(check(GOOD)).resolves.toMatchObject({ code: 0, rules: [] });
  });

  it.each([
    [
      'the rubric behind the item',
      GOOD.replace('{{rubric}}', '').replace('The better', '{{rubric}}\nThe better'),
      'shared-text-last',
    ],
    [
      'long rules behind the item',
      GOOD.replace('The better', `${'Mind what the person really wanted. '.repeat(4)}\nThe better`),
      'shared-text-last',
    ],
    ['a candidate without a fence', GOOD.replace('[/second {{nonce}}]', ''), 'missing-fence'],
    ['a fence without its word', GOOD.replace('[first {{nonce}}]', '[first]'), 'missing-fence'],
    [
      'a verb that invites prose',
      GOOD.replace('and do not explain it', 'and explain your choice'),
      'invites-prose',
    ],
    ['an end that is no question', GOOD.replace('\nThe better one:', ''), 'no-question-at-end'],
    ['a label that nobody told of', GOOD.replace('A, B or C', 'A or B'), 'label-not-named'],
  ])('finds %s', async (_, content, rule) => {
    const { code, rules } = await check(content);
    expect({ code, rules }).toEqual({ code: 1, rules: [rule] });
  });

  it('names the file that is no template', async () => {
    const at = temporaryFolder({ 'bad.yaml': 'name: 3' });
    const { code, stderr } = await cli(['prompts', 'check', at('')], { program });
    expect(code).toBe(2);
    expect(stderr).toContain('bad.yaml');
    expect(stderr).not.toContain('defect');
  });
});

describe('assay prompts bench', () => {
  const pairs = Array.from({ length: 12 }, (_, i) => ({
    prompt: `question ${i}`,
    candidates: [`one ${i}`, `two ${i}`],
    gold: i % 3 === 0 ? 'a' : 'b',
  }));
  const bench = (rows: readonly unknown[], ...more: string[]) => {
    const at = temporaryFolder({ 'gold.jsonl': jsonLines(rows) });
    return cli(['prompts', 'bench', at('gold.jsonl'), '--simulated', '--quiet', ...more], { program });
  };

  it('asks one judge with each template, and tells agreement and tokens', async () => {
    const prompts = ['--judge', 'small', '--prompts', 'preference/label@1,preference/reasoned@1'];
    const result = bench(pairs, ...prompts, '--json', '--resamples', '100');
    const { code, stdout, stderr } = await result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { templates, gold } = JSON.parse(stdout) as {
      gold: number;
      templates: { template: string; judged: number; tokens_per_label: { input: number; output: number } }[];
    };
    expect(gold).toBe(12);
    expect(templates.map(({ template, judged }) => [template, judged])).toEqual([
      ['preference/label@1', 12],
      ['preference/reasoned@1', 12],
    ]);
    // A label is one token in each order; reasons come before it.
    expect(templates[0]?.tokens_per_label.output).toBe(2);
    expect(templates[1]?.tokens_per_label.output).toBeGreaterThan(20);
  });

  it('refuses judges and templates that are not there, all at once, and rows without gold labels', async () => {
    const wrong = await bench(pairs, '--judge', 'nobody', '--prompts', 'score/label@1,preference/none');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('there is no judge "nobody"; there are small, large');
    expect(wrong.stderr).toContain('the prompt score/label@1 is for the task score');
    expect(wrong.stderr).toContain('there is no prompt "preference/none"');
    const two = ['--judge', 'small', '--prompts', 'preference/label@1,preference/several@1'];
    const noGold = await bench([{ prompt: 'q', candidates: ['x', 'y'] }], ...two);
    expect(noGold).toMatchObject({ code: 2, stderr: expect.stringContaining('no row has a gold label') });
    const one = await bench(pairs, '--judge', 'small', '--prompts', 'preference/label@1');
    expect(one).toMatchObject({ code: 2, stderr: expect.stringContaining('two templates at least') });
  });
});
