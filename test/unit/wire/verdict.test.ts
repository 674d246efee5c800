import { describe, expect, it } from 'vitest';
import { renderFeedback } from '../../../src/wire/verdict.ts';
import type { Verdict } from '../../../src/domain/verdict.ts';

const USAGE = { inputTokens: 812, cachedInputTokens: 640, outputTokens: 2 };
const COST = { nanoUsd: 41_000, usage: USAGE, engineSeconds: 0.031 };

const OK: Verdict = {
  id: 'vrd_1',
  itemId: 'row-17',
  task: 'preference',
  outcome: 'ok',
  label: 'a',
  probabilities: { a: 0.91, b: 0.07, tie: 0.02 },
  confidence: 0.91,
  certificate: null,
  difficulty: null,
  tier: 'small',
  cached: false,
  cache: null,
  cost: COST,
  inclusionProbability: 1,
  flags: ['uncertified'],
  trail: [
    {
      tier: 'small',
      judge: 'quick',
      engine: 'small-vllm',
      model: 'm',
      precision: 'awq',
      replica: 'http://r',
      pick: 'affinity',
      attempts: 2,
      coalesced: 7,
      prompt: 'preference/label@1',
      order: 'ab',
      pFirst: 0.92,
      pTie: 0.02,
      labelMass: 0.99,
      route: 'label_ids',
      fingerprint: null,
      cost: COST,
      ms: 38,
      queuedMs: 0,
      problem: null,
    },
  ],
  decisions: [{ tier: 'small', accepted: true, reason: 'confidence 0.91 >= 0.90' }],
  problem: null,
  metadata: { row: 17 },
};

const FAILED: Verdict = {
  ...OK,
  id: 'vrd_2',
  itemId: 'row-18',
  outcome: 'engine_failed',
  label: null,
  probabilities: null,
  confidence: null,
  tier: null,
  trail: [],
  decisions: [],
  problem: { code: 'engine_error', message: 'the engine broke off', param: null },
};

describe('a preferences reply', () => {
  it('shows verdicts in snake case with money in dollars', () => {
    expect(renderFeedback('req_1', [OK])).toEqual({
      id: 'req_1',
      object: 'list',
      data: [
        {
          id: 'vrd_1',
          item_id: 'row-17',
          task: 'preference',
          outcome: 'ok',
          label: 'a',
          probabilities: { a: 0.91, b: 0.07, tie: 0.02 },
          confidence: 0.91,
          certificate: null,
          difficulty: null,
          tier: 'small',
          cached: false,
          cache: null,
          cost: {
            usd: 0.000041,
            input_tokens: 812,
            cached_input_tokens: 640,
            output_tokens: 2,
            engine_seconds: 0.031,
          },
          inclusion_probability: 1,
          flags: ['uncertified'],
          trail: [
            {
              tier: 'small',
              judge: 'quick',
              engine: 'small-vllm',
              model: 'm',
              precision: 'awq',
              replica: 'http://r',
              pick: 'affinity',
              attempts: 2,
              coalesced: 7,
              prompt: 'preference/label@1',
              order: 'ab',
              p_first: 0.92,
              p_tie: 0.02,
              label_mass: 0.99,
              route: 'label_ids',
              fingerprint: null,
              ms: 38,
              queued_ms: 0,
              cost_usd: 0.000041,
              error: null,
            },
          ],
          decisions: [{ tier: 'small', accepted: true, reason: 'confidence 0.91 >= 0.90' }],
          error: null,
          metadata: { row: 17 },
        },
      ],
      summary: {
        items: 1,
        ok: 1,
        failed: 0,
        by_tier: { small: 1 },
        by_outcome: { ok: 1 },
        cost_usd: 0.000041,
      },
    });
  });

  it('shows a failure as a typed error without a label', () => {
    expect(renderFeedback('req_1', [FAILED]).data[0]).toMatchObject({
      outcome: 'engine_failed',
      label: null,
      probabilities: null,
      error: { code: 'engine_error', type: 'engine_error', message: 'the engine broke off', param: null },
    });
  });

  it('counts labels, failures and neither', () => {
    const tie: Verdict = { ...OK, outcome: 'tie', label: 'tie', tier: 'large' };
    const abstained: Verdict = { ...OK, outcome: 'abstained', label: null };
    expect(renderFeedback('req_1', [OK, tie, abstained, FAILED]).summary).toEqual({
      items: 4,
      ok: 2,
      failed: 1,
      by_tier: { small: 2, large: 1 },
      by_outcome: { ok: 1, tie: 1, abstained: 1, engine_failed: 1 },
      cost_usd: 0.000164,
    });
  });
});
