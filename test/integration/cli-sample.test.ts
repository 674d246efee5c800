import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, readJsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});
const ROWS = 60;

const words = (word: string): string => Array.from({ length: 60 }, (_, i) => `${word}${i}`).join(' ');

/** Every text is of its own kind but the last ten, which are one text with another number at the end. */
const pairs = Array.from({ length: ROWS }, (_, i) => {
  const kind = i < 50 ? `x${i}x` : 'same';
  const candidates = [words(`${kind}a`), `${words(`${kind}b`)} ${i}`];
  return { id: `p${i}`, prompt: `${words(kind)} ?`, candidates };
});

const at = temporaryFolder({ 'pairs.jsonl': jsonLines(pairs) });
const label = (output: string, ...more: string[]) =>
  cli(['label', at('pairs.jsonl'), '-o', at(output), '--simulated', '--quiet', '--json', ...more], {
    program,
  });

function takenOf(output: string): string[] {
  return readJsonLines(at(output)).flatMap((row) => (row['taken'] === true ? [String(row['item_id'])] : []));
}

describe('assay label --sample', () => {
  it('asks for a share of the rows, with the probability on every row, and ends well', async () => {
    const { code, stdout } = await label('half.jsonl', '--sample', 'random', '--share', '0.5');
    const rows = readJsonLines(at('half.jsonl'));
    const taken = takenOf('half.jsonl');
    expect(code).toBe(0);
    expect(rows).toHaveLength(ROWS);
    expect(taken.length).toBeGreaterThan(15);
    expect(taken.length).toBeLessThan(45);
    expect(JSON.parse(stdout)).toMatchObject({
      judged: taken.length,
      left_out: ROWS - taken.length,
      failed: 0,
    });
    for (const row of rows) expect(row['inclusion_probability']).toBe(0.5);
    expect(rows.find((row) => row['taken'] === false)).toMatchObject({
      outcome: 'skipped',
      label: null,
      error: { code: 'not_sampled' },
      trail: [],
    });
  });

  it('draws the same rows again, more with a larger share, others with another seed', async () => {
    await label('again.jsonl', '--sample', 'random', '--share', '0.5');
    await label('more.jsonl', '--sample', 'random', '--share', '0.8');
    await label('other.jsonl', '--sample', 'random', '--share', '0.5', '--sample-seed', '2');
    const first = takenOf('again.jsonl');
    expect(first).toEqual(takenOf('half.jsonl'));
    expect(first.filter((id) => !takenOf('more.jsonl').includes(id))).toEqual([]);
    expect(takenOf('other.jsonl')).not.toEqual(first);
  });

  it('goes on where it stopped, and mixes no rows that were drawn otherwise', async () => {
    const same = await label('half.jsonl', '--sample', 'random', '--share', '0.5');
    expect(JSON.parse(same.stdout)).toMatchObject({ resumed: takenOf('half.jsonl').length, failed: 0 });
    const wider = await label('half.jsonl', '--sample', 'random', '--share', '0.6');
    expect(wider.code).toBe(2);
    expect(wider.stderr).toContain('share 0.5, seed 1');
    const all = await label('half.jsonl');
    expect(all.code).toBe(2);
  });

  it('asks most where a cheaper judge was not sure', async () => {
    await label('cheap.jsonl', '--policy', 'always-small');
    const argv = ['--sample', 'uncertainty', '--share', '0.3', '--scores', at('cheap.jsonl')];
    const { code } = await label('unsure.jsonl', ...argv);
    expect(code).toBe(0);
    const sure = new Map(
      readJsonLines(at('cheap.jsonl')).map((row) => [row['item_id'], row['probabilities']]),
    );
    const rows = readJsonLines(at('unsure.jsonl')).map((row) => {
      const { a, b } = sure.get(row['item_id']) as { a: number; b: number };
      return { p: row['inclusion_probability'] as number, gap: Math.abs(a - b) };
    });
    const byGap = rows.toSorted((one, other) => one.gap - other.gap);
    expect(byGap.map(({ p }) => p)).toEqual(rows.map(({ p }) => p).toSorted((one, other) => other - one));
    expect(rows.reduce((sum, { p }) => sum + p, 0)).toBeCloseTo(0.3 * ROWS, 6);
  });

  it('asks most where two judges disagree', async () => {
    await label('strong.jsonl', '--policy', 'always-large');
    const scores = `${at('cheap.jsonl')},${at('strong.jsonl')}`;
    const { code } = await label(
      'torn.jsonl',
      '--sample',
      'disagreement',
      '--share',
      '0.3',
      '--scores',
      scores,
    );
    expect(code).toBe(0);
    const labelsOf = (name: string) => readJsonLines(at(name)).map((row) => row['label']);
    const [cheap, strong] = [labelsOf('cheap.jsonl'), labelsOf('strong.jsonl')];
    const mean = (want: boolean): number => {
      const rows = readJsonLines(at('torn.jsonl')).filter((_, i) => (cheap[i] !== strong[i]) === want);
      return rows.reduce((sum, row) => sum + (row['inclusion_probability'] as number), 0) / rows.length;
    };
    expect(mean(true)).toBeGreaterThan(2 * mean(false));
  });

  it('shares the weight of one row among rows of one kind', async () => {
    await label('kinds.jsonl', '--sample', 'diversity', '--share', '0.5');
    const rows = readJsonLines(at('kinds.jsonl')).map((row) => row['inclusion_probability'] as number);
    expect(rows[0]).toBeGreaterThan(8 * (rows[55] ?? 1));
  });

  it('leaves out near-duplicates and names the line that stands for them', async () => {
    const { stdout } = await label('near.jsonl', '--drop-near', '0.8');
    expect(JSON.parse(stdout)).toMatchObject({ judged: 51, left_out: 9, failed: 0 });
    const last = readJsonLines(at('near.jsonl'))[59];
    expect(last).toMatchObject({ taken: false, error: { message: 'is a near-duplicate of line 51' } });
  });

  it('tells which options do not go together', async () => {
    const wrong = [
      [['--share', '0.5'], '--share and --scores: say how with --sample'],
      [['--sample', 'random'], '--share: is needed with --sample random'],
      [['--sample', 'uncertainty', '--share', '0.5'], 'needs one output of `assay label`'],
      [['--sample', 'diversity', '--share', '0.5', '--scores', 'x'], '--sample diversity needs none'],
      [
        ['--sample', 'uncertainty', '--share', '0.5', '--scores', at('pairs.jsonl')],
        'is no output of `assay label`',
      ],
    ] as const;
    for (const [argv, message] of wrong) {
      const { code, stderr } = await label('wrong.jsonl', ...argv);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    }
  });
});
