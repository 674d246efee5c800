import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';

const program = createProgram({});

interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
interface Figures {
  readonly not_measured: Record<string, string>;
  readonly judges: readonly {
    readonly name: string;
    readonly family: string | null;
    readonly position: { readonly p_first: Figure | null; readonly flip_rate: Figure | null };
    readonly length: { readonly prefers_longer: Figure; readonly log_odds_per_doubling: Figure | null };
    readonly families: readonly {
      family: string;
      own: boolean;
      items: number;
      gap: Figure;
      excess: Figure;
    }[];
    readonly repeats: { readonly runs: number; readonly items: number; readonly flip_rate: Figure } | null;
  }[];
}

async function biases(rows: readonly unknown[], ...more: string[]): Promise<Figures> {
  const at = temporaryFolder({ 'in.jsonl': jsonLines(rows) });
  const argv = [
    'evaluate',
    at('in.jsonl'),
    '--bias',
    '--json',
    '--quiet',
    '--resamples',
    '200',
    '-o',
    at('out.html'),
  ];
  const { code, stdout, stderr } = await cli([...argv, ...more], { program });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(readFileSync(at('out.html'), 'utf8')).toContain('Biases of');
  return JSON.parse(stdout) as Figures;
}

/** Item i: gold, which response is longer, and who wrote `a` are crossed, so that none tells of another. */
function crossed(count: number) {
  return Array.from({ length: count }, (_, i) => {
    const gold = i % 2 === 0 ? 'a' : 'b';
    const longer = i % 4 < 2 ? 'a' : 'b';
    const own = i % 8 < 4 ? 'a' : 'b';
    const text = (side: string) => `${side} ${i} `.padEnd(side === longer ? 400 : 100, 'x');
    return { i, gold, longer, own, responses: [text('a'), text('b')] as const };
  });
}

const p = (label: string, share = 0.9) => ({ p_first: label === 'a' ? share : 1 - share });

describe('assay evaluate --bias', () => {
  it('tells length and family apart from quality', async () => {
    const rows = crossed(160).map(({ i, gold, longer, own, responses }) => ({
      id: `i${i}`,
      prompt: `prompt ${i}`,
      responses,
      gold,
      sources: own === 'a' ? ['Qwen/Qwen3-8B', 'gpt-4o'] : ['gpt-4o', 'Qwen/Qwen3-8B'],
      judges: {
        'gpt-4-fair': p(gold),
        // Gives in to length in every third item of either kind.
        'llama-long': p(i % 3 === 0 ? longer : gold),
        // Where its own family lost, it finds it better in every second case.
        'qwen-vain': p(own !== gold && Math.floor(i / 8) % 2 === 0 ? own : gold),
      },
    }));
    const { judges, not_measured } = await biases(rows);
    const [fair, long, vain] = judges;
    expect(judges.map(({ family }) => family)).toEqual(['openai', 'llama', 'qwen']);
    expect(Object.keys(not_measured)).toEqual(['position', 'repeats']);

    // All lengths are equally often right, so a fair judge has no coefficient, and one that looks at length has.
    expect(Math.abs(fair?.length.log_odds_per_doubling?.value ?? 9)).toBeLessThan(0.001);
    expect(long?.length.log_odds_per_doubling?.low).toBeGreaterThan(0.3);
    expect(vain?.length.log_odds_per_doubling?.low).toBeLessThan(0);
    expect(vain?.length.log_odds_per_doubling?.high).toBeGreaterThan(0);
    expect(long?.length.prefers_longer.value).toBeCloseTo(106 / 160, 9);

    expect(fair?.families.map(({ family, own }) => [family, own])).toEqual([
      ['openai', true],
      ['qwen', false],
    ]);
    expect(fair?.families[0]).toMatchObject({ items: 160, gap: { value: 0 }, excess: { value: 0 } });
    // It always finds its own better where gold does, and the other in half of the cases where gold does.
    expect(vain?.families[0]).toMatchObject({
      family: 'qwen',
      own: true,
      gap: { value: 0.5 },
      excess: { value: 0.25 },
    });
    expect(vain?.families[1]).toMatchObject({ family: 'openai', own: false, gap: { value: -0.5 } });
  });

  it('tells position from verdicts of both orders', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      id: `i${i}`,
      prompt: `prompt ${i}`,
      responses: [`a ${i}`, `other ${i}`],
      gold: i % 2 === 0 ? 'a' : 'b',
      // In every fifth item the one shown first: a in the given order, b in the swapped one.
      judges: { judge: { plain: i % 5 === 0 ? ['a', 'b'] : i % 2 === 0 ? ['a', 'a'] : ['b', 'b'] } },
    }));
    const { judges } = await biases(rows);
    const { position } = judges[0] ?? {};
    expect(position?.flip_rate?.value).toBeCloseTo(0.2, 9);
    expect(position?.p_first?.value).toBeCloseTo(0.5 + 0.1, 9);
    expect(position?.p_first?.low).toBeGreaterThan(0.5);
  });

  it('asks judges again, without caches, and says why a part is missing', async () => {
    const pairs = Array.from({ length: 40 }, (_, i) => ({
      id: `p${i}`,
      prompt: `question ${i}`,
      candidates: [`one ${i}`, `another ${i}`],
    }));
    const { judges, not_measured } = await biases(pairs, '--simulated', '--repeats', '3');
    expect(judges.map(({ name, repeats }) => [name, repeats?.runs, repeats?.items])).toEqual([
      ['small', 3, 40],
      ['large', 3, 40],
    ]);
    // The simulator answers by a hash of the texts: the same every time, but not the same in both orders.
    expect(judges[0]?.repeats?.flip_rate.value).toBe(0);
    expect(judges[0]?.position.p_first?.low).toBeGreaterThan(0.5);
    expect(not_measured).toEqual({
      length: expect.stringContaining('gold labels'),
      self_preference: expect.stringContaining('give "sources"'),
    });
  });

  it('refuses judges that the rows do not have, and repeats that are no number', async () => {
    const at = temporaryFolder({
      'in.jsonl': jsonLines([{ prompt: 'q', responses: ['x', 'y'], judges: { one: { p_first: 0.7 } } }]),
    });
    const ask = (...more: string[]) => cli(['evaluate', at('in.jsonl'), '--bias', ...more], { program });
    expect(await ask('--tiers', 'two')).toMatchObject({ code: 2, stderr: expect.stringContaining('"two"') });
    expect(await ask('--repeats', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--repeats'),
    });
  });
});
