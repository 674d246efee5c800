import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

/** One judge whose template is 20 characters around the texts, with a shared beginning of 8. */
const TEMPLATE = `
name: preference/tiny
version: 1
task: preference
labels: { first: [A], second: [B], tie: [C] }
defaultRubric: none
messages:
  - role: user
    content: '{{prompt}} {{nonce}} {{first}} {{second}}'
`;

const CONFIG = `
storage: { kind: none }
prompts: { directory: prompts }
engines:
  cheap: { kind: openai, flavour: vllm, model: m, replicas: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
    cost: { inputPerMtokUsd: 1, cachedInputPerMtokUsd: 0.5, outputPerMtokUsd: 2 } }
  strong: { kind: openai, flavour: vllm, model: n, replicas: ['http://127.0.0.1:3'], cost: { gpuHourUsd: 3.6, gpus: 2 } }
judges:
  one: { engine: cheap, prompt: preference/tiny, orders: one }
  both: { engine: cheap, prompt: preference/tiny }
  last: { engine: strong, prompt: preference/tiny }
policies:
  default: { tiers: [one] }
  pair: { tiers: [both], cache: { ttlMs: 0 } }
  cascade: { tiers: [both, last] }
  certified: { tiers: [both, last], target: { agreement: 0.95 } }
`;

/** Prompts of 40 + 1 + 10 + 1 + 74 + 1 + 73 = 200 characters: 50 tokens, 13 of them before the first response. */
const row = (index: number) => ({
  prompt: `${index}`.padEnd(40, 'p'),
  candidates: ['a'.repeat(74), 'b'.repeat(73)],
});

async function world(rows = 10): Promise<(name: string) => string> {
  const at = temporaryFolder({
    'assay.yaml': CONFIG,
    'pairs.jsonl': jsonLines(Array.from({ length: rows }, (_, index) => row(index))),
  });
  const { mkdirSync, writeFileSync } = await import('node:fs');
  mkdirSync(at('prompts'));
  writeFileSync(at('prompts/tiny.yaml'), TEMPLATE);
  return at;
}

async function planned(at: (name: string) => string, ...more: string[]): Promise<Record<string, unknown>> {
  const argv = ['plan', at('pairs.jsonl'), '--config', at('assay.yaml'), '--json', ...more];
  const { code, stdout, stderr } = await cli(argv, { program });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('assay plan', () => {
  it('counts calls, tokens, money and time of a single judge in one order', async () => {
    const plan = await planned(await world(), '--tokens-per-second', '51');
    expect(plan['calls']).toEqual({ low: 10, expected: 10, high: 10 });
    expect(plan['input_tokens']).toMatchObject({ low: 400, expected: 500 });
    expect(plan['output_tokens']).toEqual({ low: 10, expected: 10, high: 10 });
    // 500 tokens at $1 and 10 at $2 for a million.
    expect(plan['cost_usd']).toMatchObject({ expected: 0.00052 });
    // 510 tokens at 51 a second on two replicas.
    expect(plan['seconds']).toMatchObject({ expected: 5 });
  });

  it('finds the beginning that both orders share in the prefix cache, and not at the high end', async () => {
    const plan = await planned(await world(), '--policy', 'pair');
    expect(plan['calls']).toEqual({ low: 20, expected: 20, high: 20 });
    expect(plan['input_tokens']).toMatchObject({ expected: 1000 });
    // 40 + 1 + 10 + 1 = 52 characters, 13 tokens, for the second order of ten rows.
    expect(plan['cached_input_tokens']).toMatchObject({ expected: 130, high: 0 });
    expect(plan['cost_usd']).toMatchObject({ expected: (870 + 65 + 40) / 1e6 });
  });

  it('says what it does not know: without certificate or earlier run none or all rows escalate', async () => {
    const at = await world();
    const cascade = await planned(at, '--policy', 'cascade');
    expect(cascade['calls']).toEqual({ low: 20, expected: 30, high: 40 });
    expect(cascade['tiers']).toMatchObject([{}, { basis: expect.stringContaining('unknown') as string }]);
    const certified = await planned(at, '--policy', 'certified');
    expect(certified['tiers']).toMatchObject([
      {},
      {
        rows: { low: 10, expected: 10, high: 10 },
        basis: expect.stringContaining('no certificate') as string,
      },
    ]);
  });

  it('prices engines by the hour, and asks less under sampling', async () => {
    const at = await world();
    const all = await planned(at, '--policy', 'certified', '--tokens-per-second', '102');
    const last = (all['tiers'] as { cost_usd: { high: number }; seconds: { high: number } }[])[1];
    // At the high end 20 calls of 66.7 tokens and a label, nothing cached, at 102 a second on one replica of two GPUs.
    expect(last?.seconds.high).toBeCloseTo((20 * (200 / 3 + 1)) / 102, 9);
    expect(last?.cost_usd.high).toBeCloseTo(((20 * (200 / 3 + 1)) / 102 / 3600) * 3.6 * 2, 8);
    const half = await planned(at, '--policy', 'pair', '--share', '0.5');
    expect(half['calls']).toEqual({ low: 10, expected: 10, high: 10 });
  });

  it('tells every wrong argument and file', async () => {
    const at = await world();
    const run = (...argv: string[]) => cli(['plan', at('pairs.jsonl'), ...argv], { program });
    await expect(run('--config', at('assay.yaml'), '--policy', 'no')).resolves.toMatchObject({
      code: 2,
      stderr: 'error: --policy: there is no policy "no"; there are default, pair, cascade, certified\n',
    });
    await expect(run('--simulated', '--share', '0', '--tokens-per-second', 'x')).resolves.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--tokens-per-second:.*\n.*--share:/) as string,
    });
    await expect(run('--simulated', '--earlier', at('pairs.jsonl'))).resolves.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no output of `assay label`') as string,
    });
  });

  it('learns from a pilot how many rows escalate and how many tokens a character is', async () => {
    const at = temporaryFolder({
      'pairs.jsonl': jsonLines(Array.from({ length: 120 }, (_, index) => row(index))),
    });
    const label = ['label', at('pairs.jsonl'), '--simulated', '--quiet', '--json'];
    await cli([...label, '-o', at('pilot.jsonl'), '--limit', '60'], { program });
    const whole = await cli([...label, '-o', at('all.jsonl')], { program });
    const spent = JSON.parse(whole.stdout) as { cost_usd: number };
    const argv = ['plan', at('pairs.jsonl'), '--simulated', '--earlier', at('pilot.jsonl'), '--json'];
    const plan = JSON.parse((await cli(argv, { program })).stdout) as {
      cost_usd: { low: number; high: number };
      tiers: { basis: string }[];
      notes: string[];
    };
    expect(plan.notes[0]).toContain('those of 60 of these rows');
    expect(plan.tiers[1]?.basis).toContain('of 60 rows');
    expect(spent.cost_usd).toBeGreaterThan(plan.cost_usd.low);
    expect(spent.cost_usd).toBeLessThan(plan.cost_usd.high);
  });
});
