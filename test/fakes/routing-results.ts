import type { RoutingResult } from '../../src/contracts/routing.ts';
import type { TrailEntry } from '../../src/domain/verdict.ts';
import { keyOfModel } from './judge-key.ts';

/** One call of one judge that went well. */
export const TRAIL_ENTRY: TrailEntry = {
  tier: 'small',
  judge: 'small',
  engine: 'e',
  model: 'm',
  precision: null,
  replica: 'e/0',
  pick: 'only one ready',
  attempts: 1,
  coalesced: 1,
  prompt: 'preference/label@1',
  order: 'ab',
  pFirst: 0.9,
  pTie: 0,
  labelMass: 1,
  route: 'label_ids',
  fingerprint: 'f',
  cost: {
    nanoUsd: 700,
    usage: { inputTokens: 10, cachedInputTokens: 0, outputTokens: 1 },
    engineSeconds: 0.1,
  },
  ms: 12,
  queuedMs: 0,
  problem: null,
};

/** A label of a judge that was asked once, by its probabilities. */
export function labelledResult(a: number, b: number, flags: readonly 'single_order'[] = []): RoutingResult {
  const probabilities = { a, b, tie: 0 };
  const reading = { order: 'ab', probabilities, worstCase: a, censored: false, mass: 1 } as const;
  const judgment = {
    key: keyOfModel('m'),
    probabilities,
    confidence: Math.max(a, b),
    orderGap: 0,
    labelMass: 1,
    readings: [reading],
    flags,
  };
  return {
    end: { type: 'accepted', tier: 'small', judgment, certificate: null, basis: 'threshold' },
    trail: [TRAIL_ENTRY],
    decisions: [{ tier: 'small', accepted: true, reason: 'sure' }],
    difficulty: null,
    inclusion: 1,
  };
}

export function failedResult(
  code: 'engine_error' | 'deadline_exceeded' | 'over_budget' | 'cancelled',
): RoutingResult {
  const problem = { code, message: code, param: null };
  return {
    end: { type: 'failed', problem },
    trail: [TRAIL_ENTRY],
    decisions: [],
    difficulty: null,
    inclusion: 1,
  };
}
