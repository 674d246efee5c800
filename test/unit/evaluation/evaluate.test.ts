import { describe, expect, it } from 'vitest';
import type { EvaluationTask, JudgedItem } from '../../../src/contracts/evaluation.ts';
import { evaluatePolicy } from '../../../src/evaluation/evaluate.ts';
import { playCascade } from '../../../src/evaluation/play.ts';
import { thresholdRule } from '../../../src/routing/threshold-rule.ts';
import { judgedItems } from '../../fakes/judged-items.ts';

const task: EvaluationTask = {
  source: 'judged.jsonl',
  policy: 'default',
  tiers: ['small', 'large'],
  reference: { type: 'judge', name: 'large' },
  costRatio: null,
  resamples: 200,
  seed: 1,
};

/** Small is sure on 1 to 4 and wrong on 4; it is unsure on 5 and 6 and wrong on 6. */
const items = judgedItems([
  { gold: 'a', judges: { small: 0.95, large: 0.9 } },
  { gold: 'b', judges: { small: 0.05, large: 0.1 } },
  { gold: 'a', judges: { small: 0.9, large: 0.8 } },
  { gold: 'b', judges: { small: 0.92, large: 0.2 } },
  { gold: 'a', judges: { small: 0.6, large: 0.9 } },
  { gold: 'a', judges: { small: 0.6, large: 0.1 } },
]);

function played(of: readonly JudgedItem[] = items, abstainBelow = 0): JudgedItem[] {
  return playCascade(of, [
    { judge: 'small', rule: thresholdRule(0.9) },
    { judge: 'large', rule: thresholdRule(abstainBelow) },
  ]);
}

describe('a policy against a reference', () => {
  it('measures agreement, shares, risks and costs beside the baselines', () => {
    const { figures } = evaluatePolicy(played(), task);
    expect(figures).toMatchObject({
      items: 6,
      small_served: { value: 4 / 6 },
      marginal_risk: { value: 1 / 6 },
      selective_risk: { value: 1 / 4 },
      abstained: { value: 0 },
      not_judged: 0,
    });
    const labellers = figures['labellers'] as {
      name: string;
      agreement: { value: number };
      relative_cost: number;
    }[];
    expect(labellers.map(({ name }) => name)).toEqual([
      'default',
      'always small',
      'always large',
      'longest wins',
      'random label',
      'random routing',
    ]);
    const [policy, small, large, longest] = labellers;
    expect(policy).toMatchObject({ agreement: { value: 5 / 6 }, gold_agreement: { value: 4 / 6 } });
    expect(small).toMatchObject({
      agreement: { value: 4 / 6 },
      gold_agreement: { value: 5 / 6 },
      usd_per_label: 1e-7,
    });
    expect(large).toMatchObject({ agreement: { value: 1 }, relative_cost: 1 });
    // Candidate a is longer; the reference says a for three of six.
    expect(longest).toMatchObject({ agreement: { value: 0.5 }, relative_cost: 0 });
    // Six small judgments at 100 and two large ones at 1,000 against six at 1,000.
    expect(policy?.relative_cost).toBeCloseTo(2600 / 6000, 9);
  });

  it('takes prices from the ratio where no money is known', () => {
    const free = items.map((item) => ({
      ...item,
      opinions: new Map([...item.opinions].map(([name, opinion]) => [name, { ...opinion, nanoUsd: null }])),
    }));
    const { figures } = evaluatePolicy(played(free), { ...task, costRatio: 0.05 });
    const [policy, small] = figures['labellers'] as { relative_cost: number; usd_per_label: null }[];
    expect(policy?.relative_cost).toBeCloseTo((6 * 0.05 + 2) / 6, 9);
    expect(policy?.usd_per_label).toBeNull();
    expect(small?.relative_cost).toBeCloseTo(0.05, 9);
  });

  it('counts abstentions, which are no labels and no errors', () => {
    const { figures } = evaluatePolicy(played(items, 0.95), { ...task, reference: { type: 'gold' } });
    expect(figures).toMatchObject({ abstained: { value: 2 / 6 }, not_judged: 0 });
    const [policy] = figures['labellers'] as unknown[];
    expect(policy).toMatchObject({ coverage: { value: 4 / 6 }, agreement: { value: 3 / 4 } });
  });

  it('ranks: a confidence that separates right from wrong has AUROC 1, a reversed one 0', () => {
    const rows = (right: number, wrong: number) =>
      judgedItems([
        { judges: { small: right, large: 0.9 } },
        { judges: { small: right, large: 0.9 } },
        { judges: { small: 1 - wrong, large: 0.9 } },
        { judges: { small: 1 - wrong, large: 0.9 } },
      ]);
    const aurocOf = (of: JudgedItem[]): unknown => evaluatePolicy(played(of), task).figures['judges'];
    expect(aurocOf(rows(0.9, 0.6))).toMatchObject([
      { auroc: { value: 1 }, aurc: { value: expect.closeTo((0 + 0 + 1 / 3 + 1 / 2) / 4, 2) as number } },
      {},
    ]);
    expect(aurocOf(rows(0.6, 0.9))).toMatchObject([{ auroc: { value: 0 } }, {}]);
  });

  it('estimates agreement with people from a few gold labels and the large judge', () => {
    const some = Array.from({ length: 100 }, (_, i) => ({
      ...(i < 20 ? { gold: i % 10 === 0 ? ('b' as const) : ('a' as const) } : {}),
      judges: { small: 0.95, large: i % 10 === 0 ? 0.1 : 0.9 },
    }));
    const { figures } = evaluatePolicy(played(judgedItems(some)), task);
    expect(figures['gold_agreement_ppi']).toMatchObject({
      labelled: 20,
      value: expect.closeTo(0.9, 6) as number,
    });
  });

  it('shows its plots, and says what a reader must know', () => {
    const report = evaluatePolicy(played(), task);
    expect(report.html.match(/<svg /g)).toHaveLength(4);
    expect(report.notes.join(' ')).toContain('always asking it agrees by definition');
  });
});
