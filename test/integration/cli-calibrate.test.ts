import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

interface Recorded {
  readonly id: string;
  readonly prompt: string;
  readonly responses: readonly [string, string];
  readonly human?: string;
  readonly judges: Readonly<Record<string, { readonly p_first: number }>>;
}

/** The small judge is right whenever it is sure (P from .80 up), and a coin where it is not (P below .65). */
function recordedRows(count: number): Recorded[] {
  return Array.from({ length: count }, (_, i) => {
    const isSure = i % 2 === 0;
    const small = (isSure ? 0.8 : 0.55) + (0.1 * ((i * 7) % 100)) / 100;
    const isRight = isSure || i % 4 === 1;
    return {
      id: `item-${i}`,
      prompt: `prompt ${i}`,
      responses: [`answer ${i}`, `other ${i}`],
      judges: { small: { p_first: small }, large: { p_first: isRight ? 0.9 : 0.1 } },
    };
  });
}

function calibrate(rows: readonly Recorded[], ...more: string[]) {
  const at = temporaryFolder({ 'judged.jsonl': jsonLines(rows) });
  const argv = [
    'calibrate',
    at('judged.jsonl'),
    '--small',
    'small',
    '--reference',
    'large',
    '-o',
    at('out.json'),
    '--json',
  ];
  return {
    at,
    result: cli([...argv, '--resamples', '100', '--report', at('out.html'), ...more], { program }),
  };
}

describe('assay calibrate', () => {
  it('certifies what is sure, and writes certificate, figures and report', async () => {
    const { at, result } = calibrate(recordedRows(200), '--cost-ratio', '0.1');
    const { code, stdout, stderr } = await result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const figures = JSON.parse(stdout) as {
      certificate: string;
      coverage: number;
      errors: number;
      bound: number;
      relative_cost: number;
    };
    expect(figures).toMatchObject({ certified_on: 200, trained_on: 0, agreement: 0.95, confidence: 0.9 });
    // The sure half is all right; with 200 items five errors of the others may join (bound .0460), six may not (.0522).
    expect(figures.coverage).toBeGreaterThanOrEqual(0.5);
    expect(figures.errors).toBeLessThanOrEqual(5);
    expect(figures.bound).toBeLessThanOrEqual(0.05);
    expect(figures.relative_cost).toBeCloseTo(0.1 + (1 - figures.coverage), 9);
    expect(JSON.parse(readFileSync(at('out.json'), 'utf8'))).toMatchObject({ id: figures.certificate });
    expect(readFileSync(at('out.html'), 'utf8').match(/<svg /g)).toHaveLength(4);
  });

  it('spends the share of the items that it is told on training', async () => {
    const { stdout } = await calibrate(recordedRows(200), '--train', '0.3').result;
    const figures = JSON.parse(stdout) as { trained_on: number; certified_on: number };
    expect(figures.trained_on + figures.certified_on).toBe(200);
    expect(figures.trained_on).toBeGreaterThan(30);
  });

  it.each([
    ['too few items', recordedRows(30), '45'],
    [
      'constant confidences',
      recordedRows(200).map((row) => ({
        ...row,
        judges: { ...row.judges, small: { p_first: 0.8 } },
        responses: ['x', 'y'] as const,
      })),
      'the scores of small do not vary',
    ],
    [
      'labels of one class only',
      recordedRows(200).map((row) => ({
        ...row,
        judges: { small: row.judges['small'] ?? { p_first: 0 }, large: { p_first: 0.9 } },
      })),
      'the reference says "a" for every item',
    ],
  ])('refuses %s with the reason, and writes nothing', async (_, rows, message) => {
    const { at, result } = calibrate(rows);
    const { code, stdout, stderr } = await result;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('no certificate');
    expect(stderr).toContain(message);
    expect(existsSync(at('out.json'))).toBe(false);
    expect(existsSync(at('out.html'))).toBe(false);
  });

  it('refuses a certificate that would release less than is worth the calls', async () => {
    const { code, stderr } = await calibrate(recordedRows(200), '--min-coverage', '0.9').result;
    expect(code).toBe(1);
    expect(stderr).toMatch(/only \d\d\.\d % of the items could be accepted, less than .* 90\.0 %/);
  });

  it('certifies each stratum by itself, with the failure probability shared', async () => {
    const rows = recordedRows(430).map((row, i) => ({
      ...row,
      source: i < 200 ? 'blog' : i < 400 ? 'forum' : 'mail',
    }));
    const at = temporaryFolder({ 'judged.jsonl': jsonLines(rows) });
    const argv = [
      'calibrate',
      at('judged.jsonl'),
      '--small',
      'small',
      '--reference',
      'large',
      '--strata',
      'source',
    ];
    const out = ['-o', at('out'), '--report', at('pages'), '--resamples', '100'];
    const { code, stdout, stderr } = await cli([...argv, ...out, '--json'], { program });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { strata } = JSON.parse(stdout) as { strata: { stratum: string; certificate: string | null }[] };
    expect(strata).toEqual([
      expect.objectContaining({ stratum: 'source:blog', items: 200, certified_on: 200 }),
      expect.objectContaining({ stratum: 'source:forum', items: 200, certified_on: 200 }),
      // A third of the failure probability needs 67 items without an error.
      expect.objectContaining({
        stratum: 'source:mail',
        items: 30,
        certificate: null,
        reason: 'too_few_items',
      }),
    ]);
    expect(JSON.parse(readFileSync(join(at('out'), 'source-blog.json'), 'utf8'))).toMatchObject({
      id: strata[0]?.certificate,
      scope: { stratum: 'source:blog' },
      delta: expect.closeTo(0.1 / 3, 9),
    });
    expect(readdirSync(at('out'))).toEqual(['source-blog.json', 'source-forum.json']);
    expect(readdirSync(at('pages'))).toEqual(['source-blog.html', 'source-forum.html']);
    const table = await cli([...argv, ...out], { program });
    expect(table.stdout).toMatch(/source:mail +30 +– +30 items leave 30 to certify with.*67 are the fewest/);
  });

  it('refuses items whose prompts are kept for evaluation, and names them', async () => {
    const rows = recordedRows(200);
    const held = temporaryFolder({
      'held.jsonl': jsonLines([{ ...rows[3], id: 'another', responses: ['u', 'v'] }]),
    });
    const { code, stderr } = await calibrate(rows, '--held-out', held('held.jsonl')).result;
    expect(code).toBe(1);
    expect(stderr).toContain('item-3');
  });

  it('asks the judges of a policy where the file holds pairs', async () => {
    const pairs = Array.from({ length: 60 }, (_, i) => ({
      id: `p${i}`,
      prompt: `question ${i}`,
      candidates: [`one ${i}`, `two ${i}`],
    }));
    const at = temporaryFolder({ 'in.jsonl': jsonLines(pairs) });
    const argv = ['calibrate', at('in.jsonl'), '--simulated', '-o', at('out.json'), '--json', '--quiet'];
    const { code, stdout, stderr } = await cli([...argv, '--target', '0.6', '--resamples', '100'], {
      program,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      certified_on: 60,
      stages: [
        { tier: 'small', orders: 'one' },
        { tier: 'small', orders: 'both' },
      ],
    });
  });

  it.each([
    [['--target', '1.5'], '--target'],
    [['--strata', 'weather'], '--strata'],
    [['--train', 'much'], '--train'],
    [['--reference', 'small'], 'small is the reference itself'],
  ])('refuses the arguments %j', async (more, message) => {
    const { code, stderr } = await calibrate(recordedRows(4), ...more).result;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
