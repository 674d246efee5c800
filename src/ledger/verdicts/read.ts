import { sql } from 'kysely';
import { z } from 'zod';
import type { FoundVerdict } from '../../contracts/ledger.ts';
import { ERRORS, type ErrorCode } from '../../domain/errors.ts';
import { OUTCOMES } from '../../domain/outcome.ts';
import { TASKS } from '../../domain/task.ts';
import { type FeedbackResult, type Flag, isFromStore, type TrailEntry } from '../../domain/verdict.ts';
import type { Store } from '../store.ts';

/** Rows as the driver or JSON gives them, back to what they were made from; results and flags are as we wrote them. */
const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
const problem = z
  .object({ code: z.string().refine(isCode), message: z.string(), param: z.string().nullable() })
  .nullable();
const cost = {
  nano_usd: z.number(),
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  output_tokens: z.number(),
  engine_seconds: z.number(),
};
const time = z.union([z.date(), z.string()]).transform((value) => new Date(value).getTime());

const verdictSchema = z.object({
  id: z.string(),
  at: time,
  team: z.string(),
  policy: z.string(),
  task: z.enum(TASKS),
  request_id: z.string(),
  item_id: z.string(),
  outcome: z.enum(OUTCOMES),
  label: z.enum(['a', 'b', 'tie']).nullable(),
  p_a: z.number().nullable(),
  p_b: z.number().nullable(),
  p_tie: z.number().nullable(),
  confidence: z.number().nullable(),
  result: z.custom<FeedbackResult>((value) => typeof value === 'object').nullable(),
  certificate: z.string().nullable(),
  difficulty: z.number().nullable(),
  tier: z.string().nullable(),
  cache: z.enum(['exact', 'flipped', 'shared', 'semantic']).nullable(),
  inclusion: z.number(),
  flags: z.array(z.custom<Flag>((value) => typeof value === 'string')),
  input_hash: z.string().nullable(),
  ...cost,
  problem,
  decisions: z.array(z.object({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
  metadata: z.record(z.string(), z.unknown()),
  job_id: z.string().nullable(),
});

const attemptSchema = z.object({
  n: z.number(),
  purpose: z.enum(['serve', 'reused', 'shadow', 'audit']),
  tier: z.string(),
  judge: z.string(),
  engine: z.string(),
  model: z.string(),
  precision: z.string().nullable(),
  replica: z.string().nullable(),
  pick: z.string().nullable(),
  calls: z.number(),
  coalesced: z.number().nullable(),
  part: z.string().nullable(),
  prompt: z.string(),
  shown: z.enum(['ab', 'ba']).nullable(),
  p_first: z.number().nullable(),
  p_tie: z.number().nullable(),
  label_mass: z.number().nullable(),
  route: z.enum(['label_ids', 'top_logprobs', 'generation_logits', 'forced']).nullable(),
  fingerprint: z.string().nullable(),
  ...cost,
  queued_ms: z.number().nullable(),
  ms: z.number(),
  problem,
});

/** The team's verdict with all calls about it; null when there is none. */
export async function readVerdict(store: Store, team: string, id: string): Promise<FoundVerdict | null> {
  return store.run(async (db) => {
    const verdicts = await sql`select * from verdict where id = ${id} and team = ${team} limit 1`.execute(db);
    const [verdict] = verdicts.rows;
    if (verdict === undefined) return null;
    const attempts = await sql`select * from attempt where verdict_id = ${id}`.execute(db);
    return foundOf(verdict, attempts.rows);
  });
}

/** From rows of the tables, or from what waits to be written there. */
export function foundOf(verdictRow: unknown, attemptRows: readonly unknown[]): FoundVerdict {
  const row = verdictSchema.parse(verdictRow);
  const attempts = z
    .array(attemptSchema)
    .parse(attemptRows)
    .toSorted((x, y) => x.n - y.n);
  const trail = attempts.flatMap((attempt) =>
    attempt.purpose === 'serve' || attempt.purpose === 'reused' ? [entryOf(attempt)] : [],
  );
  const extra = attempts.flatMap((attempt) =>
    attempt.purpose === 'serve' || attempt.purpose === 'reused'
      ? []
      : [{ purpose: attempt.purpose, entry: entryOf(attempt) }],
  );
  return {
    team: row.team,
    policy: row.policy,
    requestId: row.request_id,
    inputHash: row.input_hash,
    jobId: row.job_id,
    at: row.at,
    extra,
    verdict: {
      id: row.id,
      itemId: row.item_id,
      task: row.task,
      outcome: row.outcome,
      label: row.label,
      probabilities: probabilitiesOf(row),
      confidence: row.confidence,
      ...(row.result === null ? {} : { result: row.result }),
      certificate: row.certificate,
      difficulty: row.difficulty,
      tier: row.tier,
      cached: isFromStore(row.cache),
      cache: row.cache,
      cost: costOf(row),
      inclusionProbability: row.inclusion,
      flags: row.flags,
      trail,
      decisions: row.decisions,
      problem: row.problem,
      metadata: row.metadata,
    },
  };
}

function probabilitiesOf({ p_a: a, p_b: b, p_tie: tie }: z.output<typeof verdictSchema>) {
  return a === null || b === null || tie === null ? null : { a, b, tie };
}

function costOf(row: { readonly [Name in keyof typeof cost]: number }): TrailEntry['cost'] {
  return {
    nanoUsd: row.nano_usd,
    usage: {
      inputTokens: row.input_tokens,
      cachedInputTokens: row.cached_input_tokens,
      outputTokens: row.output_tokens,
    },
    engineSeconds: row.engine_seconds,
  };
}

function entryOf(row: z.output<typeof attemptSchema>): TrailEntry {
  return {
    tier: row.tier,
    judge: row.judge,
    engine: row.engine,
    model: row.model,
    precision: row.precision,
    replica: row.replica,
    pick: row.pick,
    attempts: row.calls,
    coalesced: row.coalesced,
    ...(row.part === null ? {} : { part: row.part }),
    prompt: row.prompt,
    order: row.shown,
    pFirst: row.p_first,
    pTie: row.p_tie,
    labelMass: row.label_mass,
    route: row.route,
    fingerprint: row.fingerprint,
    cost: costOf(row),
    queuedMs: row.queued_ms ?? 0,
    ms: row.ms,
    problem: row.problem,
  };
}
