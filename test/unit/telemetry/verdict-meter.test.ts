import { describe, expect, it } from 'vitest';
import type { TrailEntry, Verdict } from '../../../src/domain/verdict.ts';
import { createPrometheusMeter } from '../../../src/telemetry/prometheus-meter.ts';
import { createVerdictMeter } from '../../../src/telemetry/verdict-meter.ts';
import { samplesOf, sumOf } from '../../fakes/exposition.ts';

function call(tier: string, nanoUsd: number, more: Partial<TrailEntry> = {}): TrailEntry {
  return {
    tier,
    judge: tier,
    engine: `engine-${tier}`,
    model: 'm',
    precision: null,
    replica: `engine-${tier}/0`,
    pick: null,
    attempts: 1,
    coalesced: 1,
    prompt: 'preference/label@1',
    order: 'ab',
    pFirst: 0.5,
    pTie: 0,
    labelMass: 1,
    route: 'label_ids',
    fingerprint: null,
    cost: { nanoUsd, usage: { inputTokens: 100, cachedInputTokens: 60, outputTokens: 1 }, engineSeconds: 0 },
    ms: 1,
    queuedMs: 0,
    problem: null,
    ...more,
  };
}

function verdict(more: Partial<Verdict> = {}): Verdict {
  return {
    id: 'vrd_1',
    itemId: 'i',
    task: 'preference',
    outcome: 'ok',
    label: 'a',
    probabilities: { a: 0.9, b: 0.1, tie: 0 },
    confidence: 0.9,
    certificate: null,
    difficulty: null,
    tier: 'large',
    cached: false,
    cache: null,
    cost: { nanoUsd: 0, usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }, engineSeconds: 0 },
    inclusionProbability: 1,
    flags: [],
    trail: [call('small', 1_000_000_000), call('large', 3_000_000_000)],
    decisions: [
      { tier: 'small', accepted: false, reason: '' },
      { tier: 'large', accepted: true, reason: '' },
    ],
    problem: null,
    metadata: {},
    ...more,
  };
}

function metered() {
  const meter = createPrometheusMeter({ known: () => true });
  const place = (team: string, policy = 'default') => ({ team, policy, ms: 12 });
  return { meter, place, verdicts: createVerdictMeter(meter) };
}

describe('figures of verdicts', () => {
  it('tell what failed attempts of a call cost apart from the answer', async () => {
    const { meter, place, verdicts } = metered();
    const trail = [call('large', 5_000_000_000, { retryNanoUsd: 2_000_000_000, attempts: 2 })];
    verdicts.given(verdict({ trail }), place('red'));
    const samples = samplesOf(await meter.text());
    expect(sumOf(samples, 'assay_cost_dollars_total', { component: 'serve' })).toBe(3);
    expect(sumOf(samples, 'assay_cost_dollars_total', { component: 'retry' })).toBe(2);
    expect(sumOf(samples, 'assay_tokens_total', { direction: 'fresh_input' })).toBe(40);
    expect(sumOf(samples, 'assay_tokens_total', { direction: 'cached_input' })).toBe(60);
  });

  it('tell why a tier passed an item on', async () => {
    const { meter, place, verdicts } = metered();
    const problem = { code: 'unparseable', message: '', param: null } as const;
    verdicts.given(verdict(), place('red'));
    verdicts.given(verdict({ trail: [call('small', 1, { problem }), call('large', 1)] }), place('red'));
    verdicts.given(verdict({ trail: [call('large', 1)] }), place('red'));
    const samples = samplesOf(await meter.text());
    const passed = (reason: string): number =>
      sumOf(samples, 'assay_escalations_total', { tier: 'small', reason });
    expect(['unsure', 'failed', 'not_asked'].map(passed)).toEqual([1, 1, 1]);
    expect(sumOf(samples, 'assay_judgments_total', { tier: 'small' })).toBe(2);
    expect(sumOf(samples, 'assay_judgments_total', { tier: 'large' })).toBe(3);
  });

  it('count a changed order as bias, and no judgment in one order', async () => {
    const { meter, place, verdicts } = metered();
    verdicts.given(verdict(), place('red'));
    verdicts.given(verdict({ flags: ['position_inconsistent'] }), place('red'));
    verdicts.given(verdict({ flags: ['single_order'] }), place('red'));
    const samples = samplesOf(await meter.text());
    expect(sumOf(samples, 'assay_order_pairs_total', { consistent: 'yes' })).toBe(1);
    expect(sumOf(samples, 'assay_order_pairs_total', { consistent: 'no' })).toBe(1);
  });

  it('put audits and shadow calls beside what replies cost', async () => {
    const { meter, verdicts } = metered();
    const [shadow, audit] = [[call('small', 1_000_000_000)], [call('large', 4_000_000_000)]];
    verdicts.audited({ team: 'red', policy: 'default', shadow, audit, result: 'disagreed' });
    verdicts.audited({ team: 'red', policy: 'default', shadow: [], audit, result: null });
    const samples = samplesOf(await meter.text());
    expect(sumOf(samples, 'assay_cost_dollars_total', { component: 'shadow', tier: 'small' })).toBe(1);
    expect(sumOf(samples, 'assay_cost_dollars_total', { component: 'audit', tier: 'large' })).toBe(8);
    expect(sumOf(samples, 'assay_audits_total', { result: 'disagreed' })).toBe(1);
    expect(sumOf(samples, 'assay_audits_total', { result: 'agreed' })).toBe(0);
  });

  it('grow with teams where they name them, and nowhere else', async () => {
    const { meter, place, verdicts } = metered();
    for (let team = 0; team < 100; team += 1) {
      for (const policy of ['one', 'two']) {
        for (const tier of ['small', 'large'])
          verdicts.given(verdict({ tier }), place(`team-${team}`, policy));
        verdicts.given(verdict({ cache: 'exact', trail: [] }), place(`team-${team}`, policy));
      }
    }
    const page = await meter.text();
    const count = (name: string): number => samplesOf(page).filter((sample) => sample.name === name).length;
    // 100 teams, 2 policies, by tier and whether it was cached.
    expect(count('assay_verdicts_total')).toBe(600);
    expect(count('assay_cost_dollars_total')).toBe(400);
    expect(count('assay_tokens_total')).toBe(1_200);
    // 2 policies, cached or not, 14 bounds and one above them.
    expect(count('assay_verdict_duration_seconds_bucket')).toBe(60);
    expect(count('assay_confidence_bucket')).toBe(52);
    expect(samplesOf(page).length).toBeLessThan(2_500);
  });
});
