import { expect, it } from 'vitest';
import { benchPrompts } from '../../../src/evaluation/prompt-bench.ts';
import { judgedItems } from '../../fakes/judged-items.ts';

it('compares templates in pairs: what one has over the other is over the same items', () => {
  // The first template is right in 60 of 100, the other in the same 60 and 20 more, and was not judged for 10 of the wrong ones.
  const items = judgedItems(
    Array.from({ length: 100 }, (_, i) => ({
      gold: 'a' as const,
      judges: {
        'preference/one@1': i < 60 ? 0.9 : 0.1,
        ...(i < 90 ? { 'preference/two@1': i < 80 ? 0.8 : 0.2 } : {}),
      },
    })),
  );
  const templates = ['preference/one@1', 'preference/two@1'];
  const task = { source: 'gold.jsonl', judge: 'quick', templates, resamples: 400, seed: 1 };
  const { figures, tables, html } = benchPrompts(items, task);
  const [one, two] = figures['templates'] as {
    agreement: { value: number };
    difference: { value: number; low: number; high: number } | null;
    mcnemar_p: number | null;
    judged: number;
  }[];
  expect(one).toMatchObject({ judged: 100, agreement: { value: 0.6 }, difference: null, mcnemar_p: null });
  expect(two).toMatchObject({ judged: 90, tokens_per_label: { input: 300, cached: 100, output: 2 } });
  expect(two?.agreement.value).toBeCloseTo(80 / 90, 9);
  // Over the 90 that both judged: 80 right against 60.
  expect(two?.difference?.value).toBeCloseTo(20 / 90, 9);
  expect(two?.difference?.low).toBeGreaterThan(0.13);
  expect(two?.difference?.high).toBeLessThan(0.32);
  // 20 discordant pairs, all one way: 2 / 2^20.
  expect(two?.mcnemar_p).toBeCloseTo(2 ** -19, 9);
  expect(tables[0]?.rows.find(([title]) => title?.includes('less the first'))?.[1]).toBe('–');
  expect(html).toContain('Agreement against tokens');
});
