import { type JudgeKey, judgeKeyOf } from '../../domain/judge-key.ts';
import { z } from 'zod';
import type { JudgeIdentity, Opinion, PolicyAnswer } from '../../contracts/evaluation.ts';
import type { Usage } from '../../domain/cost.ts';
import { judgmentOf } from '../../domain/judgment.ts';
import type { OrderReading } from '../../domain/preference.ts';
import type { OutputRow } from '../label/row.ts';

/** The part of a trail entry that is read here; the rest may change. */
const entrySchema = z.looseObject({
  tier: z.string(),
  judge: z.string(),
  engine: z.string(),
  model: z.string(),
  precision: z.string().nullish(),
  prompt: z.string(),
  order: z.enum(['ab', 'ba']),
  part: z.string().optional(),
  p_first: z.number().min(0).max(1).nullable(),
  p_tie: z.number().min(0).max(1).nullable(),
  label_mass: z.number().min(0).max(1).nullable(),
  route: z.enum(['label_ids', 'top_logprobs', 'generation_logits', 'forced']).nullish(),
  fingerprint: z.string().nullish(),
  ms: z.number().min(0),
  cost_usd: z.number().min(0),
  error: z.unknown(),
});
type Entry = z.output<typeof entrySchema>;

const costSchema = z.looseObject({
  input_tokens: z.int(),
  cached_input_tokens: z.int(),
  output_tokens: z.int(),
});

/** What a row of verdicts tells: of each judge in its trail, and of the policy as a whole. */
export interface ReadVerdict {
  readonly opinions: ReadonlyMap<string, Opinion>;
  readonly answer: PolicyAnswer;
}

/** Reads the trail of a verdict; null when it is not one that a gateway writes. */
export function readVerdict(row: OutputRow): ReadVerdict | null {
  const trail = z.array(entrySchema).safeParse(row.trail);
  if (!trail.success) return null;
  // A scout is asked in one order whatever the judge does as a tier: its word is not the tier's.
  const asked = trail.data.filter(({ tier }) => tier !== 'scout');
  const byJudge = Map.groupBy(asked, (entry) => entry.judge);
  const usage = byJudge.size === 1 ? usageOf(row) : null;
  const opinions = [...byJudge].flatMap(([judge, entries]): [string, Opinion][] => {
    const opinion = opinionOf(entries, usage);
    return opinion === null ? [] : [[judge, opinion]];
  });
  return { opinions: new Map(opinions), answer: answerOf(row, asked) };
}

function answerOf(row: OutputRow, trail: readonly Entry[]): PolicyAnswer {
  const { outcome, label, confidence, tier, certificate, cost } = row;
  const byTier = [...Map.groupBy(trail, (entry) => entry.tier).values()];
  return {
    outcome,
    label,
    confidence,
    tier,
    certificate: typeof certificate === 'string' ? certificate : null,
    nanoUsd: toNano(cost.usd),
    ms: trail.length === 0 ? null : byTier.reduce((sum, entries) => sum + slowest(entries), 0),
  };
}

/** A judge of which any call failed said nothing: half an answer would be another judge's. */
function opinionOf(entries: readonly Entry[], usage: Usage | null): Opinion | null {
  const answers = entries.filter((entry) => !isReasons(entry));
  const readings = answers.map(readingOf).filter((reading) => reading !== null);
  const [first] = answers;
  if (first === undefined || readings.length < answers.length) return null;
  return {
    judgment: judgmentOf(readings, keyOf(first, answers)),
    nanoUsd: entries.reduce((sum, entry) => sum + toNano(entry.cost_usd), 0),
    usage,
    ms: slowest(entries),
    identity: identityOf(first),
  };
}

/**
 * The key as far as a row tells: it has no hash of the template and no kind of the engine. Orders that two
 * builds answered are neither's judgment, so both fingerprints are in the key.
 */
function keyOf(first: Entry, entries: readonly Entry[]): JudgeKey {
  const { model, precision = null, prompt, route = null } = first;
  const told = new Set(entries.flatMap((entry) => entry.fingerprint ?? []));
  const fingerprint = told.size === 0 ? null : [...told].toSorted().join('+');
  const orders = entries.length > 1 ? 'both' : 'one';
  return judgeKeyOf({
    model,
    precision,
    prompt,
    promptHash: '',
    orders,
    route,
    engine: 'recorded',
    fingerprint,
  });
}

/** A call in which the judge wrote before it answered, and whose text was whole. */
function isReasons({ part, error }: Entry): boolean {
  return part === 'reasons' && (error ?? null) === null;
}

function readingOf({
  order,
  p_first: first,
  p_tie: tie,
  label_mass: mass,
  error,
}: Entry): OrderReading | null {
  if (first === null || tie === null || (error !== null && error !== undefined)) return null;
  const second = Math.max(0, 1 - first - tie);
  const [a, b] = order === 'ab' ? [first, second] : [second, first];
  // A trail does not keep what the engine left unsaid, so the worst case is what was said.
  return {
    order,
    probabilities: { a, b, tie },
    worstCase: Math.max(a, b, tie),
    censored: false,
    mass: mass ?? 1,
  };
}

function identityOf({ engine, model, precision, prompt, route, fingerprint }: Entry): JudgeIdentity {
  return {
    engine,
    model,
    precision: precision ?? null,
    prompt,
    route: route ?? null,
    fingerprint: fingerprint ?? null,
  };
}

function usageOf({ cost }: OutputRow): Usage | null {
  const read = costSchema.safeParse(cost);
  if (!read.success) return null;
  const {
    input_tokens: inputTokens,
    cached_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
  } = read.data;
  return { inputTokens, cachedInputTokens, outputTokens };
}

/** The orders of one judge are asked side by side, what belongs to one order one after the other. */
function slowest(entries: readonly Entry[]): number {
  const byOrder = [...Map.groupBy(entries, ({ order }) => order).values()];
  return Math.max(...byOrder.map((ofOne) => ofOne.reduce((sum, { ms }) => sum + ms, 0)));
}

function toNano(usd: number): number {
  return Math.round(usd * 1e9);
}
