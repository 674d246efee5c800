import { z } from 'zod';
import { toUsd } from '../domain/cost.ts';
import { OUTCOMES, hasFeedback, isFinal, type Outcome } from '../domain/outcome.ts';
import { TASKS } from '../domain/task.ts';
import type { TrailEntry, Verdict } from '../domain/verdict.ts';
import { costSchema, renderCost } from './cost.ts';
import { errorSchema, renderProblem } from './envelope.ts';
import { renderResult, resultFields } from './feedback-result.ts';

/** Verdicts as the API shows them: the same facts as in the domain, in snake case, money in dollars. */
const probability = z.number().min(0).max(1);

export const trailEntrySchema = z
  .object({
    tier: z.string(),
    judge: z.string(),
    engine: z.string(),
    model: z.string(),
    precision: z
      .string()
      .nullable()
      .meta({ description: 'Precision of the weights as configured.', example: 'awq' }),
    replica: z.string().nullable().meta({ description: 'As `<engine>/<number>`.', example: 'small-vllm/0' }),
    pick: z
      .string()
      .nullable()
      .meta({ description: 'Why this replica was asked.', example: 'p2c 0.012<0.030' }),
    attempts: z
      .int()
      .min(0)
      .meta({ description: 'Engine calls that were made, failed ones and hedges included.', example: 1 }),
    coalesced: z.int().min(1).nullable().meta({
      description: 'Questions that shared the engine call which answered; null when none answered.',
      example: 12,
    }),
    prompt: z
      .string()
      .meta({ description: 'Prompt template as `name@version`.', example: 'preference/label@1' }),
    order: z
      .enum(['ab', 'ba'])
      .nullable()
      .meta({ description: 'Order in which a pair was shown; null where none was.' }),
    part: z.string().optional().meta({
      description:
        'What the call was about where an item needs several, such as a criterion; its place in a prompt of several items.',
    }),
    reasons: z.string().optional().meta({
      description: 'What the judge wrote before it answered; there where the item asks for `reasons`.',
    }),
    p_first: probability.nullable().meta({ description: 'P(the response shown first is better).' }),
    p_tie: probability.nullable(),
    label_mass: probability.nullable().meta({ description: 'Probability on all label tokens together.' }),
    route: z.enum(['label_ids', 'top_logprobs', 'generation_logits', 'forced']).nullable(),
    fingerprint: z.string().nullable(),
    ms: z.number().min(0).meta({ description: 'Time at the engine, in milliseconds.' }),
    queued_ms: z
      .number()
      .min(0)
      .meta({ description: 'Time in the queue before the engine; 0 when a place was free.', example: 0 }),
    cost_usd: z.number().min(0),
    error: errorSchema.nullable(),
  })
  .meta({ id: 'TrailEntry' });

export const verdictSchema = z
  .object({
    id: z.string(),
    item_id: z.string(),
    task: z.enum(TASKS),
    outcome: z.enum(OUTCOMES).meta({ description: 'Only `ok` and `tie` carry a label, or a result.' }),
    label: z.enum(['a', 'b', 'tie']).nullable().meta({ description: 'Preferences alone have one.' }),
    probabilities: z.object({ a: probability, b: probability, tie: probability }).nullable(),
    confidence: probability.nullable(),
    ...resultFields,
    certificate: z.string().nullable(),
    difficulty: probability.nullable(),
    tier: z.string().nullable().meta({ description: 'Tier whose judgment is the verdict.' }),
    cached: z.boolean().meta({ description: 'Answered by a label that was bought earlier; costs nothing.' }),
    cache: z.enum(['exact', 'flipped', 'shared', 'semantic']).nullable().meta({
      description:
        'Whose judgment answers: of an equal item (`exact`) or the one with its candidates exchanged (`flipped`), kept from earlier; of an equal item asked at the same time, which carries the cost (`shared`); of a similar item (`semantic`); null: its own.',
    }),
    cost: costSchema,
    inclusion_probability: probability,
    flags: z.array(z.string()),
    trail: z.array(trailEntrySchema).meta({ description: 'Every engine call, in order.' }),
    decisions: z.array(z.object({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
    error: errorSchema.nullable().meta({ description: 'Why there is no judgment; null when there is one.' }),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Verdict' });

const summarySchema = z
  .object({
    items: z.int(),
    ok: z.int().meta({ description: 'Items with a label (ties included) or another result.' }),
    failed: z.int().meta({ description: 'Items that were not judged. Abstentions are neither.' }),
    by_tier: z.record(z.string(), z.int()),
    by_outcome: z.record(z.string(), z.int()),
    cost_usd: z.number(),
  })
  .meta({ id: 'Summary' });

export const feedbackReplySchema = z
  .object({
    id: z.string(),
    object: z.literal('list'),
    data: z.array(verdictSchema).meta({ description: 'One verdict per item, in the order of the items.' }),
    summary: summarySchema,
  })
  .meta({ id: 'FeedbackReply' });

type WireVerdict = z.infer<typeof verdictSchema>;
export type FeedbackReply = z.infer<typeof feedbackReplySchema>;

/** The reply to a feedback request of any kind; `id` is the request's id. */
export function renderFeedback(id: string, verdicts: readonly Verdict[]): FeedbackReply {
  return { id, object: 'list', data: verdicts.map(renderVerdict), summary: summarise(verdicts) };
}

export function renderVerdict(verdict: Verdict): WireVerdict {
  return {
    id: verdict.id,
    item_id: verdict.itemId,
    task: verdict.task,
    outcome: verdict.outcome,
    label: verdict.label,
    probabilities: verdict.probabilities,
    confidence: verdict.confidence,
    ...renderResult(verdict.result),
    certificate: verdict.certificate,
    difficulty: verdict.difficulty,
    tier: verdict.tier,
    cached: verdict.cached,
    cache: verdict.cache,
    cost: renderCost(verdict.cost),
    inclusion_probability: verdict.inclusionProbability,
    flags: [...verdict.flags],
    trail: verdict.trail.map(renderTrailEntry),
    decisions: [...verdict.decisions],
    error: verdict.problem === null ? null : renderProblem(verdict.problem),
    metadata: verdict.metadata,
  };
}

export function renderTrailEntry(entry: TrailEntry): WireVerdict['trail'][number] {
  return {
    tier: entry.tier,
    judge: entry.judge,
    engine: entry.engine,
    model: entry.model,
    precision: entry.precision,
    replica: entry.replica,
    pick: entry.pick,
    attempts: entry.attempts,
    coalesced: entry.coalesced,
    prompt: entry.prompt,
    order: entry.order,
    ...(entry.part === undefined ? {} : { part: entry.part }),
    ...(entry.reasons === undefined ? {} : { reasons: entry.reasons }),
    p_first: entry.pFirst,
    p_tie: entry.pTie,
    label_mass: entry.labelMass,
    route: entry.route,
    fingerprint: entry.fingerprint,
    ms: entry.ms,
    queued_ms: entry.queuedMs,
    cost_usd: toUsd(entry.cost.nanoUsd),
    error: entry.problem === null ? null : renderProblem(entry.problem),
  };
}

export function summarise(verdicts: readonly Verdict[]): FeedbackReply['summary'] {
  const byTier = new Map<string, number>();
  const byOutcome = new Map<Outcome, number>();
  let nanoUsd = 0;
  let labelled = 0;
  let failed = 0;
  for (const { tier, outcome, cost } of verdicts) {
    if (tier !== null) byTier.set(tier, (byTier.get(tier) ?? 0) + 1);
    byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1);
    nanoUsd += cost.nanoUsd;
    if (hasFeedback(outcome)) labelled += 1;
    if (!isFinal(outcome)) failed += 1;
  }
  return {
    items: verdicts.length,
    ok: labelled,
    failed,
    by_tier: Object.fromEntries(byTier),
    by_outcome: Object.fromEntries(byOutcome),
    cost_usd: toUsd(nanoUsd),
  };
}
