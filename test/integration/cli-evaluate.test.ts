import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { PlantedPreference } from '../../src/contracts/simulator.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

const PAIRS = 48;
/** Pairs with the gold label a; every fourth one the other judge sees the other way round. */
const pairs = Array.from({ length: PAIRS }, (_, i) => ({
  id: `pair-${i}`,
  prompt: `question ${i}`,
  candidates: [`the good answer ${i}`, `the bad one ${i}`] as [string, string],
  gold: 'a',
}));

/** A simulated engine that is sure of what is planted. */
async function startJudge(model: string, preferences: readonly PlantedPreference[]): Promise<string> {
  const simulator = await program.simulate({
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    model,
    apiKey: undefined,
    maxModelTokens: 16_384,
    labelIds: true,
    judge: { seed: model, sharpness: 2, noise: 0, positionBias: 0, labelMass: 0.99, preferences },
    clock: {
      firstTokenMs: 0,
      prefillMsPer1000Tokens: 0,
      interTokenMs: 0,
      maxRunning: 64,
      maxQueued: undefined,
      logprobsWarmUpMs: 0,
    },
    replay: undefined,
  });
  onTestFinished(() => simulator.close());
  return simulator.url;
}

async function configuration(): Promise<string> {
  const planted = (better: (index: number) => 'a' | 'b') =>
    pairs.map(({ candidates }, index) => ({ candidates, better: better(index) }));
  const right = await startJudge(
    'right',
    planted(() => 'a'),
  );
  const flipped = await startJudge(
    'flipped',
    planted((index) => (index % 4 === 0 ? 'b' : 'a')),
  );
  const engine = (url: string, model: string, precision: string, usd: number) => ({
    kind: 'openai',
    replicas: [url],
    model,
    precision,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  return JSON.stringify({
    engines: { one: engine(right, 'right', 'bf16', 10), two: engine(flipped, 'flipped', 'awq', 1) },
    judges: { bf16: { engine: 'one' }, awq: { engine: 'two' } },
    policies: { default: { tiers: ['awq', 'bf16'], acceptAt: 0.5 } },
  });
}

describe('assay compare-judges and assay evaluate with engines', () => {
  it('recovers a planted flip rate, and keeps what was said in the work folder', async () => {
    const at = temporaryFolder({ 'in.jsonl': jsonLines(pairs), 'assay.yaml': await configuration() });
    const argv = ['compare-judges', at('in.jsonl'), '--config', at('assay.yaml'), '--judges', 'bf16,awq'];
    const options = [
      '--json',
      '--quiet',
      '--resamples',
      '200',
      '--work',
      at('work'),
      '-o',
      at('report.html'),
    ];
    const first = await cli([...argv, ...options], { program });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const figures = JSON.parse(first.stdout) as Record<string, unknown> & {
      flip_rate: Record<string, number>;
    };
    expect(figures).toMatchObject({
      items: 48,
      compared: 48,
      flip_rate: { value: 0.25 },
      judges: [
        {
          name: 'bf16',
          model: 'right',
          precision: 'bf16',
          gold_agreement: { value: 1 },
          swap_consistency: { value: 1 },
        },
        { name: 'awq', model: 'flipped', precision: 'awq', gold_agreement: { value: 0.75 } },
      ],
    });
    expect(figures.flip_rate['low']).toBeGreaterThan(0.1);
    expect(figures.flip_rate['high']).toBeLessThan(0.4);
    const page = readFileSync(at('report.html'), 'utf8');
    expect(page).toContain('flip rate');
    expect(page).toContain('bf16');
    // Again: both judges' answers are there, so the engines are asked for nothing.
    const before = readFileSync(at('work/judge-awq.jsonl'), 'utf8');
    const again = await cli([...argv, ...options], { program });
    expect(again.stdout).toBe(first.stdout);
    expect(readFileSync(at('work/judge-awq.jsonl'), 'utf8')).toBe(before);
  });

  it('evaluates a policy against gold and against its last tier', async () => {
    const at = temporaryFolder({ 'in.jsonl': jsonLines(pairs), 'assay.yaml': await configuration() });
    const argv = ['evaluate', at('in.jsonl'), '--config', at('assay.yaml'), '--quiet', '--resamples', '200'];
    const gold = await cli([...argv, '--json', '--reference', 'gold'], { program });
    expect(gold).toMatchObject({ code: 0, stderr: '' });
    // The first tier is sure of everything, so nothing reaches the second.
    expect(JSON.parse(gold.stdout)).toMatchObject({
      policy: 'default',
      tiers: ['awq', 'bf16'],
      small_served: { value: 1 },
      marginal_risk: { value: 0.25 },
      labellers: [
        { name: 'default', agreement: { value: 0.75 }, relative_cost: expect.closeTo(0.1, 2) as number },
        { name: 'always awq', agreement: { value: 0.75 } },
        { name: 'always bf16', agreement: { value: 1 }, relative_cost: 1 },
        { name: 'longest wins', agreement: { value: 1 } },
        { name: 'random label' },
        { name: 'random routing' },
      ],
    });
    const shown = await cli(argv, { program });
    expect(shown.stdout).toContain('always bf16');
    expect(shown.stdout).toContain('marginal risk: served by awq and wrong');
  });

  it('names judges and policies that are not there', async () => {
    const at = temporaryFolder({
      'in.jsonl': jsonLines(pairs.slice(0, 2)),
      'assay.yaml': await configuration(),
    });
    const config = ['--config', at('assay.yaml'), '--quiet'];
    const judges = await cli(['compare-judges', at('in.jsonl'), ...config, '--judges', 'bf16,gptq'], {
      program,
    });
    expect(judges).toMatchObject({ code: 2, stdout: '' });
    expect(judges.stderr).toContain('there is no judge "gptq"; the configuration has bf16, awq');
    const policy = await cli(['evaluate', at('in.jsonl'), ...config, '--policy', 'strict'], { program });
    expect(policy).toMatchObject({ code: 2 });
    expect(policy.stderr).toContain('there is no policy "strict"');
  });
});

const recorded = [
  {
    id: 'x',
    prompt: 'p',
    responses: ['long answer', 'b'],
    human: 'a',
    judges: { s: { p_first: 0.9 }, l: { p_first: 0.99 } },
  },
  {
    id: 'y',
    prompt: 'q',
    responses: ['a', 'long answer'],
    human: 'b',
    judges: { s: { p_first: 0.4 }, l: { p_first: 0.01 } },
  },
  {
    id: 'z',
    prompt: 'r',
    responses: ['a', 'bb'],
    human: 'a',
    judges: { s: { p_first: 0.3 }, l: { p_first: 0.8 } },
  },
];

describe('assay evaluate on judged files', () => {
  it('plays a cascade on recorded judgments', async () => {
    const at = temporaryFolder({ 'judged.jsonl': jsonLines(recorded) });
    const argv = ['evaluate', at('judged.jsonl'), '--tiers', 's,l', '--cost-ratio', '0.1', '--json'];
    const { code, stdout } = await cli([...argv, '--resamples', '100', '--accept-at', '0.65'], { program });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      policy: 'accept at 0.65',
      reference: 'l',
      small_served: { value: 2 / 3 },
      labellers: [
        {
          agreement: { value: 2 / 3 },
          gold_agreement: { value: 2 / 3 },
          relative_cost: expect.closeTo(1.3 / 3, 9) as number,
        },
        { name: 'always s', agreement: { value: 2 / 3 } },
        { name: 'always l', gold_agreement: { value: 1 } },
        { name: 'longest wins', agreement: { value: 2 / 3 } },
        {},
        {},
      ],
    });
  });

  it('reads verdicts that assay label wrote, with the tiers of their trail', async () => {
    const at = temporaryFolder({ 'in.jsonl': jsonLines(pairs.slice(0, 8)) });
    await cli(
      ['label', at('in.jsonl'), '-o', at('out.jsonl'), '--simulated', '--policy', 'always-small', '--quiet'],
      { program },
    );
    const argv = [
      'evaluate',
      at('out.jsonl'),
      '--tiers',
      'small',
      '--reference',
      'gold',
      '--json',
      '--resamples',
      '100',
    ];
    const { code, stdout, stderr } = await cli(argv, { program });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      items: 8,
      policy: 'as judged',
      judges: [{ name: 'small', judged: 8 }],
    });
  });

  it('tells every bad row at once, or leaves them out when told', async () => {
    const rows = [
      recorded[0],
      { ...recorded[1], id: 'x' },
      { ...recorded[0], id: 'w', responses: ['b', 'long answer'] },
      { ...recorded[2], human: 'c' },
      { ...recorded[2], id: 'v', judges: { s: { p_first: 1.5 } } },
    ];
    const at = temporaryFolder({ 'judged.jsonl': `${jsonLines(rows)}{"id": 1\n${jsonLines([recorded[2]])}` });
    const argv = ['evaluate', at('judged.jsonl'), '--tiers', 's,l', '--json', '--resamples', '100'];
    const { code, stdout, stderr } = await cli(argv, { program });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const path = at('judged.jsonl');
    expect(stderr.split('\n')).toEqual([
      `error: ${path}:2: repeats the id "x" of line 1`,
      `error: ${path}:3: repeats the pair of line 1`,
      `error: ${path}:4: human: must be "a", "b", "tie" or null, found "c"`,
      `error: ${path}:5: judges.s.p_first: must be a number from 0 to 1`,
      `error: ${path}:6: not JSON at column 9: Expected ',' or '}' after property value`,
      'error: mend or remove these rows, or leave them out with --skip-bad',
      '',
    ]);
    const rest = await cli([...argv, '--skip-bad'], { program });
    expect(rest).toMatchObject({ code: 0, stderr: '5 rows are left out\n' });
    expect(JSON.parse(rest.stdout)).toMatchObject({ items: 2 });
  });

  it.each([
    [['evaluate', 'IN'], 'name the judges cheap to strong, as --tiers small,large'],
    [['evaluate', 'IN', '--tiers', 's,m'], 'no item has a judgment of "m"; there are judgments of s, l'],
    [['compare-judges', 'IN', '--judges', 's,m'], 'no item has a judgment of "m"'],
    [['compare-judges', 'IN', '--judges', 's'], '--judges: must be two names with a comma between'],
    [['compare-judges', 'IN', '--judges', 's,s'], '--judges: must be two different judges'],
  ])('refuses %j', async (argv, message) => {
    const at = temporaryFolder({ 'judged.jsonl': jsonLines(recorded) });
    const { code, stdout, stderr } = await cli(
      argv.map((part) => (part === 'IN' ? at('judged.jsonl') : part)),
      { program },
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('refuses gold as the reference where nobody gave any', async () => {
    const at = temporaryFolder({
      'judged.jsonl': jsonLines(recorded.map((row) => ({ ...row, human: null }))),
    });
    const { code, stderr } = await cli(
      ['evaluate', at('judged.jsonl'), '--tiers', 's', '--reference', 'gold'],
      { program },
    );
    expect(code).toBe(2);
    expect(stderr).toContain('no row has a gold label');
  });
});

describe('assay evaluate --cache', () => {
  const words =
    'the quick brown fox jumps over a lazy dog while many curious children watch it from the garden';
  /** Every tenth label is another one; the words but one are the same in all of them. */
  const rows = Array.from({ length: 400 }, (_, i) => ({
    id: `r${i}`,
    prompt: `Which is better of these two ${words} ${'abcdefghijklmnopqrst'[i % 20] ?? ''}${'abcdefghijklmnopqrst'[Math.floor(i / 20)] ?? ''}`,
    responses: [`a good answer ${words}`, 'another thing that nobody asked for in the first place at all'],
    judges: { s: { p_first: i % 10 === 9 ? 0.1 : 0.9 }, l: { p_first: i % 10 === 9 ? 0.1 : 0.9 } },
  }));
  const semantic = (output: string) => {
    const figures: unknown = JSON.parse(output);
    return z
      .object({
        semantic_cache: z.object({
          items: z.number(),
          found: z.number(),
          given: z.number(),
          wrong: z.number(),
          wrong_of_found: z.object({ estimate: z.number(), low: z.number(), high: z.number() }),
          bands: z.array(z.object({ found: z.number(), given: z.number(), wrong: z.number() })),
        }),
      })
      .parse(figures).semantic_cache;
  };

  it('tells how many labels of similar items would have been given, and how many of them wrongly', async () => {
    const at = temporaryFolder({ 'judged.jsonl': jsonLines(rows) });
    const argv = ['evaluate', at('judged.jsonl'), '--tiers', 's,l', '--resamples', '100', '--cache'];
    const run = await cli([...argv, '--cache-error', '0.1', '--json'], { program });
    expect(run.code).toBe(0);
    const { items, found, given, wrong, wrong_of_found: rate, bands } = semantic(run.stdout);
    // The first has none before it; "no" and "ne" are denials.
    expect([items, found]).toEqual([400, 397]);
    expect(given).toBeGreaterThan(10);
    expect(wrong).toBeGreaterThan(0);
    expect(wrong / found).toBeLessThanOrEqual(0.1);
    expect(rate.estimate).toBeCloseTo(wrong / found, 12);
    expect(rate.low).toBeLessThan(rate.estimate);
    expect(bands.reduce((sum, band) => sum + band.given, 0)).toBe(given);
    const page = at('page.html');
    const table = await cli([...argv, '--cache-error', '0.1', '-o', page], { program });
    expect(table.stdout).toContain(
      'Labels of similar items, at most 0.1 wrong of those found (397 of 400 items had one)',
    );
    const html = readFileSync(page, 'utf8');
    expect(html).toContain(
      '<caption>Labels of similar items, at most 0.1 wrong of those found (397 of 400 items had one)</caption>',
    );
    expect(html).toMatch(/<h2>False hits of similar items<\/h2>.*<svg [^>]*aria-label="False hits/);
    for (const name of ['most that may be wrong', 'wrong of given', 'wrong of found']) {
      expect(html).toContain(`>${name}</text>`);
    }
  });
});
