import type { ItemInput } from '../../src/contracts/feedback.ts';
import type { NewJob } from '../../src/contracts/job-store.ts';
import type { JobIntake } from '../../src/contracts/jobs.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Verdict } from '../../src/domain/verdict.ts';

export function itemNamed(id: string): ItemInput {
  return {
    ok: true,
    item: { id, prompt: `prompt of ${id}`, candidates: ['one', 'two'], rubric: undefined, metadata: { id } },
  };
}

export function badItem(id: string): ItemInput {
  const problem = { code: 'invalid_request' as const, message: `${id} is bad`, param: null };
  return { ok: false, id, problem, metadata: {} };
}

export function itemsNamed(count: number): ItemInput[] {
  return Array.from({ length: count }, (_, n) => itemNamed(`row-${n}`));
}

export function newJob(over: Partial<NewJob> & Pick<NewJob, 'id'>): NewJob {
  return {
    team: 'red',
    task: 'preference',
    policy: 'default',
    priority: 'normal',
    deadlineSeconds: 3600,
    budgetNanoUsd: null,
    webhook: null,
    idempotencyKey: null,
    ...over,
  };
}

/** A verdict with this outcome, for 1,000 nano-dollars. */
export function verdictWith(itemId: string, outcome: Outcome = 'ok'): Verdict {
  const isLabel = outcome === 'ok' || outcome === 'tie';
  return {
    id: `vrd_${itemId}`,
    itemId,
    task: 'preference',
    outcome,
    label: isLabel ? 'a' : null,
    probabilities: null,
    confidence: null,
    certificate: null,
    difficulty: null,
    tier: null,
    cached: false,
    cache: null,
    cost: {
      nanoUsd: 1000,
      usage: { inputTokens: 10, cachedInputTokens: 0, outputTokens: 1 },
      engineSeconds: 0,
    },
    inclusionProbability: 1,
    flags: [],
    trail: [],
    decisions: [],
    problem: isLabel ? null : { code: 'engine_error', message: 'it failed', param: null },
    metadata: {},
  };
}

/** A body of these items whose hash is `hash`. */
export function intakeOf(items: readonly ItemInput[], hash: string): JobIntake {
  return {
    lines: (async function* lines() {
      for (const [index, input] of items.entries()) yield { line: index + 1, input };
    })(),
    digest: () => hash,
  };
}
