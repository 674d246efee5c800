import { describe, expect, it } from 'vitest';
import { compareJudges } from '../../../src/evaluation/compare.ts';
import { judgedItems } from '../../fakes/judged-items.ts';

const task = { judges: ['small', 'large'] as const, source: 'pairs.jsonl', resamples: 200, seed: 1 };

const items = judgedItems([
  { gold: 'a', judges: { small: 0.9, large: 0.8 } },
  { gold: 'a', judges: { small: 0.4, large: 0.9 } },
  { gold: 'b', judges: { small: 0.1, large: 0.2 } },
  { gold: 'b', judges: { small: [0.8, 0.3], large: 0.1 } },
  { gold: 'b', judges: { small: 0.2 } },
]);

describe('two judges over the same items', () => {
  it('counts flips, agreement, differences and who is right', () => {
    const { figures } = compareJudges(items, task);
    expect(figures).toMatchObject({
      items: 5,
      compared: 4,
      flip_rate: { value: 0.5 },
      agreement: { value: 0.5 },
      kappa: { value: 0 },
      mcnemar_p: expect.closeTo(0.5, 9) as number,
    });
    // |.9-.8|, |.4-.9|, |.1-.2|, |.55-.1|
    expect(figures['mean_difference_p_a']).toMatchObject({ value: expect.closeTo(0.2875, 9) as number });
    expect(figures['judges']).toMatchObject([
      {
        name: 'small',
        precision: 'awq',
        judged: 5,
        swap_consistency: { value: 0.8 },
        gold_agreement: { value: 0.5 },
        usd_per_label: 1e-7,
      },
      {
        name: 'large',
        judged: 4,
        swap_consistency: { value: 1 },
        gold_agreement: { value: 1 },
        latency_ms: { p50: 10, p95: 10 },
      },
    ]);
  });

  it('sees a judge that goes by the place, and which place', () => {
    // In both orders the slot shown first wins: a when a is first, b when b is first.
    const stuck = judgedItems([{ judges: { small: [0.9, 0.1], large: 0.9 } }]);
    const { figures, tables } = compareJudges(stuck, task);
    expect(figures['judges']).toMatchObject([
      { same_position: { value: 1 } },
      { same_position: { value: 0 } },
    ]);
    // Its orders cancel out, so its label is none and counts as a flip.
    expect(figures['flip_rate']).toEqual({ value: 1, low: 1, high: 1 });
    expect(tables.flatMap((table) => table.rows).some(([name]) => name === 'agreement with gold')).toBe(
      false,
    );
  });

  it('gives intervals that hold the value and repeat with the seed', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      judges: { small: i % 5 === 0 ? 0.3 : 0.7, large: 0.8 },
    }));
    const flips = compareJudges(judgedItems(rows), task).figures['flip_rate'] as {
      value: number;
      low: number;
      high: number;
    };
    expect(flips.value).toBeCloseTo(0.2, 9);
    expect(flips.low).toBeGreaterThan(0.05);
    expect(flips.low).toBeLessThan(0.2);
    expect(flips.high).toBeGreaterThan(0.2);
    expect(flips.high).toBeLessThan(0.36);
    expect(compareJudges(judgedItems(rows), task).figures['flip_rate']).toEqual(flips);
  });

  it('resamples prompts, not rows: one prompt repeated has no spread', () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      prompt: 'same',
      judges: { small: i % 4 === 0 ? 0.3 : 0.7, large: 0.8 },
    }));
    expect(compareJudges(judgedItems(rows), task).figures['flip_rate']).toEqual({
      value: 0.25,
      low: 0.25,
      high: 0.25,
    });
  });

  it('makes one page that loads nothing and escapes names', () => {
    const { html } = compareJudges(items, { ...task, source: '<script>alert(1)</script>.jsonl' });
    expect(html).not.toContain('<script');
    expect(html).not.toMatch(/(?:src|href)=|url\(|@import/);
    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html.match(/<svg [^>]*role="img"[^>]*aria-label="/g)).toHaveLength(2);
  });
});
