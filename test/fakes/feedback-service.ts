import type { Call } from '../../src/contracts/call.ts';
import type { FeedbackService, ItemInput } from '../../src/contracts/feedback.ts';
import type { Verdict } from '../../src/domain/verdict.ts';

export interface FeedbackAsked {
  readonly policy: string;
  readonly items: readonly ItemInput[];
  readonly call: Call;
}

const NO_COST = {
  nanoUsd: 0,
  usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
  engineSeconds: 0,
};

/** Says `a` for every item that can be judged, and `invalid_item` for the others. */
export function labellingService(): FeedbackService & { readonly asked: FeedbackAsked[] } {
  const asked: FeedbackAsked[] = [];
  return {
    asked,
    async judge(_task, policy, items, call) {
      asked.push({ policy, items, call });
      return items.map((input, position) => verdictOn(input, `vrd_${position}`));
    },
  };
}

function verdictOn(input: ItemInput, id: string): Verdict {
  const blank = {
    id,
    task: 'preference' as const,
    certificate: null,
    difficulty: null,
    cached: false,
    cache: null,
    inclusionProbability: 1,
    flags: [],
    trail: [],
    decisions: [],
  };
  if (!input.ok) {
    return {
      ...blank,
      itemId: input.id,
      outcome: 'invalid_item',
      label: null,
      probabilities: null,
      confidence: null,
      tier: null,
      cost: NO_COST,
      problem: input.problem,
      metadata: input.metadata,
    };
  }
  return {
    ...blank,
    itemId: input.item.id,
    outcome: 'ok',
    label: 'a',
    probabilities: { a: 0.9, b: 0.08, tie: 0.02 },
    confidence: 0.9,
    tier: 'small',
    cost: { ...NO_COST, nanoUsd: 41_000 },
    problem: null,
    metadata: input.item.metadata,
  };
}
