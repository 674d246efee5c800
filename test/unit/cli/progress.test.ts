import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgress, renderBar, renderPlain } from '../../../src/cli/label/progress.ts';
import { createPaint, plain, widthOf } from '../../../src/cli/print/paint.ts';
import type { OutputRow } from '../../../src/cli/label/row.ts';
import { estimateAlwaysLast, Tally } from '../../../src/cli/label/tally.ts';

function row(change: Partial<OutputRow> = {}): OutputRow {
  return {
    line: 1,
    digest: 'd',
    policy: null,
    id: 'vrd_1',
    item_id: 'i',
    outcome: 'ok',
    label: 'a',
    probabilities: { a: 0.9, b: 0.1, tie: 0 },
    confidence: 0.9,
    tier: 'small',
    cost: { usd: 0.01 },
    flags: [],
    trail: [{ tier: 'small', order: 'ab', cost_usd: 0.01 }],
    ...change,
  };
}

const escalated = row({
  tier: 'large',
  cost: { usd: 0.11 },
  trail: [
    { tier: 'small', cost_usd: 0.01 },
    { tier: 'large', cost_usd: 0.06 },
    { tier: 'large', cost_usd: 0.04 },
  ],
});
const failed = row({ outcome: 'engine_failed', label: null, tier: null, trail: [], cost: { usd: 0 } });

function tallyOf(...rows: OutputRow[]): Tally {
  const tally = new Tally();
  for (const one of rows) tally.add(one);
  return tally;
}

describe('the progress line', () => {
  const state = { total: 100, kept: 20, tally: tallyOf(row(), row(), row(), escalated, failed), seconds: 2 };

  it('tells rows, rate, tiers, cost, failures and the time left', () => {
    expect(renderPlain(state)).toBe(
      '25/100 rows · 2.5/s · small 75 %, large 25 % · $0.140 · 1 failed · 30 s left',
    );
  });

  it('draws a bar in proportion', () => {
    expect(renderBar(state, 120, plain)).toBe(
      `  ${'━'.repeat(7)}${'─'.repeat(23)} 25/100 · 2.5/s · small 75 %, large 25 % · $0.140 · 1 failed · 30 s left`,
    );
  });

  it('never fills the last column of a terminal', () => {
    const paint = createPaint({ write: () => undefined, isTTY: true }, {});
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 1e9 }), (columns, total) => {
        expect(widthOf(renderBar({ ...state, total, kept: 0 }, columns, paint))).toBeLessThan(
          Math.max(2, columns),
        );
      }),
    );
  });

  it('clears its line on a terminal before a note and at the end', () => {
    let text = '';
    const output = { write: (part: string) => (text += part), isTTY: true, columns: 80 };
    const progress = createProgress(output, { NO_COLOR: '1' });
    progress.start({ total: 2, kept: 0 });
    progress.note('no answer');
    progress.end();
    progress.end();
    expect(text.startsWith('\r\u001b[K  ─')).toBe(true);
    expect(text.endsWith('\r\u001b[Kno answer\n\r\u001b[K')).toBe(true);
  });
});

describe('the tally', () => {
  it('counts labels by tier, failures and exact money', () => {
    const tally = tallyOf(row({ chosen: 'a' }), row({ chosen: 'b' }), escalated, failed);
    expect(tally).toMatchObject({ rows: 4, judged: 3, labels: 3, failed: 1, agreeing: 1, comparable: 2 });
    expect(tally.nanoUsd).toBe(130_000_000);
    expect([...tally.tiers.keys()]).toEqual(['small', 'large']);
    expect(tally.failures).toEqual([{ line: 1, outcome: 'engine_failed', reason: 'no reason given' }]);
  });

  it('counts abstentions as judged but not as labels', () => {
    const tally = tallyOf(row({ outcome: 'abstained', label: null }), row({ outcome: 'tie', label: 'tie' }));
    expect(tally).toMatchObject({ judged: 2, labels: 1, failed: 0 });
  });

  it('estimates the cost of the last tier alone from what it was asked', () => {
    expect(estimateAlwaysLast(tallyOf(row(), row(), escalated))).toEqual({
      tier: 'large',
      nanoUsd: 300_000_000,
    });
    expect(estimateAlwaysLast(tallyOf(row(), row()))).toBeNull();
  });

  it('names ten failed rows and counts the others', () => {
    const tally = tallyOf(...Array.from({ length: 25 }, (_, line) => ({ ...failed, line })));
    expect(tally.failures.map(({ line }) => line)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(tally.failed).toBe(25);
  });
});

describe('the estimate of always asking the last tier', () => {
  it('knows the last tier also when it was the first to be asked', () => {
    const cold = row({
      tier: 'large',
      trail: [{ tier: 'large', cost_usd: 0.1 }],
      decisions: [{ tier: 'small' }, { tier: 'large' }],
    });
    expect(estimateAlwaysLast(tallyOf(cold, row()))).toMatchObject({ tier: 'large' });
  });
});
