import type { VerdictRecord } from '../../src/contracts/ledger.ts';
import type { TrailEntry, Verdict } from '../../src/domain/verdict.ts';

/** One call of a judge in one order; tokens and money in round figures. */
export function trailEntry(changes: Partial<TrailEntry> = {}): TrailEntry {
  return {
    tier: 'small',
    judge: 'small',
    engine: 'vllm-small',
    model: 'quick-8b',
    precision: 'awq',
    replica: 'vllm-small/0',
    pick: 'affinity',
    attempts: 1,
    coalesced: 1,
    queuedMs: 1.5,
    prompt: 'preference/label@1',
    order: 'ab',
    pFirst: 0.9123456789012345,
    pTie: 0.02,
    labelMass: 0.99,
    route: 'label_ids',
    fingerprint: 'build-1',
    cost: {
      nanoUsd: 1_000,
      usage: { inputTokens: 100, cachedInputTokens: 40, outputTokens: 1 },
      engineSeconds: 0.25,
    },
    ms: 12.5,
    problem: null,
    ...changes,
  };
}

/** A verdict `a` by the small tier, as team `red` gets it from policy `default`. */
export function verdictRecord(
  id: string,
  changes: Partial<Verdict> = {},
  about: Partial<VerdictRecord> = {},
): VerdictRecord {
  const trail = changes.trail ?? [trailEntry()];
  const sum = (of: (entry: TrailEntry) => number): number =>
    trail.reduce((total, entry) => total + of(entry), 0);
  return {
    team: 'red',
    policy: 'default',
    requestId: 'req_1',
    inputHash: 'ab12',
    jobId: null,
    at: Date.parse('2026-11-24T10:00:00.123Z'),
    ...about,
    verdict: {
      id,
      itemId: 'row-1',
      task: 'preference',
      outcome: 'ok',
      label: 'a',
      probabilities: { a: 0.9, b: 0.07, tie: 0.03 },
      confidence: 0.9,
      certificate: 'crt_1',
      difficulty: 0.25,
      tier: 'small',
      cached: false,
      cache: null,
      cost: {
        nanoUsd: sum(({ cost }) => cost.nanoUsd),
        usage: {
          inputTokens: sum(({ cost }) => cost.usage.inputTokens),
          cachedInputTokens: sum(({ cost }) => cost.usage.cachedInputTokens),
          outputTokens: sum(({ cost }) => cost.usage.outputTokens),
        },
        engineSeconds: sum(({ cost }) => cost.engineSeconds),
      },
      inclusionProbability: 1,
      flags: ['uncertified'],
      decisions: [{ tier: 'small', accepted: true, reason: 'confidence 0.90 >= 0.90' }],
      problem: null,
      metadata: { source: 'test' },
      ...changes,
      trail,
    },
  };
}
