import type { ExtraCalls, VerdictRecord } from '../../contracts/ledger.ts';
import type { TrailEntry, Verdict } from '../../domain/verdict.ts';
import type { ATTEMPT_COLUMNS, Row, VERDICT_COLUMNS } from './columns.ts';

export type VerdictRow = Row<typeof VERDICT_COLUMNS>;
export type AttemptRow = Row<typeof ATTEMPT_COLUMNS>;

/** What is kept of a verdict; its trail is in the rows of its attempts. */
export function verdictRowOf({ verdict, team, policy, ...about }: VerdictRecord): VerdictRow {
  const { probabilities, cost } = verdict;
  return {
    id: verdict.id,
    at: new Date(about.at),
    team,
    policy,
    task: verdict.task,
    request_id: about.requestId,
    item_id: verdict.itemId,
    outcome: verdict.outcome,
    label: verdict.label,
    p_a: probabilities?.a ?? null,
    p_b: probabilities?.b ?? null,
    p_tie: probabilities?.tie ?? null,
    confidence: verdict.confidence,
    result: verdict.result ?? null,
    certificate: verdict.certificate,
    difficulty: verdict.difficulty,
    tier: verdict.tier,
    cache: verdict.cache,
    inclusion: verdict.inclusionProbability,
    flags: verdict.flags,
    input_hash: about.inputHash,
    ...costColumnsOf(cost),
    problem: verdict.problem,
    decisions: verdict.decisions,
    metadata: verdict.metadata,
    job_id: about.jobId,
  };
}

export function attemptRowsOf({ verdict, team, policy, at }: VerdictRecord): AttemptRow[] {
  // What was bought for another item is its history here, not its cost.
  const purpose = verdict.cache === null ? 'serve' : 'reused';
  const about = { verdictId: verdict.id, team, policy, at, purpose, task: verdict.task };
  return verdict.trail.map((entry, n) =>
    attemptRowOf(entry, { ...about, n, decided: entry.tier === verdict.tier }),
  );
}

export function extraRowsOf({ entries, after, ...about }: ExtraCalls): AttemptRow[] {
  return entries.map((entry, index) =>
    attemptRowOf(entry, { ...about, task: 'preference', n: after + index, decided: false }),
  );
}

interface About {
  readonly verdictId: string;
  readonly n: number;
  readonly at: number;
  readonly team: string;
  readonly policy: string;
  readonly task: Verdict['task'];
  readonly purpose: string;
  readonly decided: boolean;
}

function attemptRowOf(entry: TrailEntry, about: About): AttemptRow {
  return {
    verdict_id: about.verdictId,
    n: about.n,
    at: new Date(about.at),
    team: about.team,
    policy: about.policy,
    task: about.task,
    purpose: about.purpose,
    decided: about.decided,
    tier: entry.tier,
    judge: entry.judge,
    engine: entry.engine,
    model: entry.model,
    precision: entry.precision,
    replica: entry.replica,
    pick: entry.pick,
    calls: entry.attempts,
    coalesced: entry.coalesced,
    part: entry.part ?? null,
    prompt: entry.prompt,
    shown: entry.order,
    p_first: entry.pFirst,
    p_tie: entry.pTie,
    label_mass: entry.labelMass,
    route: entry.route,
    fingerprint: entry.fingerprint,
    ...costColumnsOf(entry.cost),
    queued_ms: entry.queuedMs,
    ms: entry.ms,
    problem: entry.problem,
    finality: finalityOf(entry),
  };
}

/** An engine that was asked and whose usage never came may have worked, and cost, all the same. */
function finalityOf({ problem, attempts, cost }: TrailEntry): 'final' | 'unknown' {
  return problem !== null && attempts > 0 && cost.usage.outputTokens === 0 ? 'unknown' : 'final';
}

function costColumnsOf({ nanoUsd, usage, engineSeconds }: Verdict['cost']) {
  return {
    nano_usd: nanoUsd,
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    engine_seconds: engineSeconds,
  };
}

/**
 * A row as JSON that PostgreSQL takes. It has no character U+0000 and no halves of surrogate pairs in its texts;
 * callers may send both in their metadata, and one of them would have the whole batch refused.
 */
export function jsonOf(row: object): string {
  const text = JSON.stringify(row);
  return UNSTORABLE.test(text) ? JSON.stringify(storable(JSON.parse(text))) : text;
}

/** Also finds escaped backslashes before such a word; then the slow way changes nothing. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\uFFFD');
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [storable(key), storable(entry)]));
}
