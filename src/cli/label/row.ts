import { z } from 'zod';
import { type ErrorCode, ERRORS } from '../../domain/errors.ts';
import { isFinal, OUTCOMES, type Outcome, outcomeOf } from '../../domain/outcome.ts';
import type { InputRow, InvalidRow, ValidRow } from './input.ts';

/**
 * A row of output: the verdict as the gateway gave it, in terms of the input's own order, with the
 * place of its item. The schema names what is read here; everything else is kept as it came.
 */
const trailSchema = z.looseObject({
  tier: z.string().optional(),
  order: z.enum(['ab', 'ba']).nullish(),
  cost_usd: z.number().optional(),
});

const verdictShape = {
  id: z.string().nullable(),
  item_id: z.string(),
  outcome: z.enum(OUTCOMES),
  label: z.enum(['a', 'b', 'tie']).nullable(),
  probabilities: z.looseObject({ a: z.number(), b: z.number() }).nullable(),
  confidence: z.number().nullable(),
  tier: z.string().nullable(),
  cost: z.looseObject({ usd: z.number() }),
  flags: z.array(z.string()),
  trail: z.array(trailSchema),
  decisions: z.array(z.looseObject({ tier: z.string() })).optional(),
  error: z.looseObject({ message: z.string() }).nullish(),
};

const verdictSchema = z.looseObject(verdictShape);

/** What a gateway answers for an item, as far as it is read here. */
export type VerdictReply = z.output<typeof verdictSchema>;

/** Looks without touching, so that all fields stay as and where they came. */
export function isVerdict(value: unknown): value is VerdictReply {
  return verdictSchema.safeParse(value).success;
}

const rowSchema = z.looseObject({
  line: z.int().min(1),
  digest: z.string().nullable(),
  policy: z.string().nullable(),
  /** How rows were drawn, and whether this one was taken; absent where every row is asked. */
  sample: z.string().optional(),
  taken: z.boolean().optional(),
  inclusion_probability: z.number().positive().max(1).optional(),
  ...verdictShape,
  chosen: z.enum(['a', 'b']).optional(),
});
export type OutputRow = z.output<typeof rowSchema>;

/** Every row begins so; by this a file of ours is known, even by a torn last line. */
export const ROW_START = '{"line":';

function isRow(value: unknown): value is OutputRow {
  return rowSchema.safeParse(value).success;
}

/** Reads a row back; null when it is none of ours. */
export function parseRow(text: string): OutputRow | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRow(value) ? value : null;
  } catch {
    return null;
  }
}

/** Judged rows are final: asking again would cost and change nothing. */
export function isJudged(row: { readonly outcome: Outcome }): boolean {
  return isFinal(row.outcome);
}

/** Id under which a row is sent when it brings none. */
export function madeUpId(line: number): string {
  return `line-${line}`;
}

/** The row of an item that the gateway gave a verdict for. */
export function judgedRow(row: ValidRow, verdict: VerdictReply, policy: string | null): OutputRow {
  const place = { line: row.line, digest: row.digest, policy };
  if (row.chosen === null) return { ...place, ...verdict };
  const own = row.sent === 'ab' ? verdict : swapSides(verdict);
  return { ...place, ...own, chosen: row.chosen, sent: row.sent };
}

/** Why an item was not judged. */
export interface RowFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | null;
}

/** The row of an item that was not judged, made on this side: no label, and the reason. */
export function unjudgedRow(row: InputRow, failure: RowFailure, policy: string | null): OutputRow {
  return {
    line: row.line,
    digest: row.ok ? row.digest : null,
    policy,
    id: null,
    item_id: (row.ok ? row.item.id : row.id) ?? madeUpId(row.line),
    task: row.task ?? 'preference',
    outcome: outcomeOf(failure.code),
    label: null,
    probabilities: null,
    confidence: null,
    certificate: null,
    difficulty: null,
    tier: null,
    cached: false,
    cost: { usd: 0, input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, engine_seconds: 0 },
    inclusion_probability: 1,
    flags: [],
    trail: [],
    decisions: [],
    error: { ...failure, type: ERRORS[failure.code].type },
    metadata: row.ok ? row.item.metadata : {},
  };
}

/** The row with how it was drawn. What sampling in the gateway let in is counted as well. */
export function drawnRow(row: OutputRow, sample: string, probability: number): OutputRow {
  const before = row.inclusion_probability ?? 1;
  return { ...row, sample, taken: true, inclusion_probability: before * probability };
}

/** The row of an item that sampling left out: nobody was asked. */
export function leftOutRow(
  row: ValidRow,
  { probability, reason }: { readonly probability: number; readonly reason: string },
  { sample, policy }: { readonly sample: string; readonly policy: string | null },
): OutputRow {
  const unjudged = unjudgedRow(row, { code: 'not_sampled', message: reason, param: null }, policy);
  return { ...unjudged, sample, taken: false, inclusion_probability: probability };
}

/** The row of an input line that holds no item. */
export function invalidRow(row: InvalidRow, policy: string | null): OutputRow {
  return unjudgedRow(row, { code: 'invalid_request', ...row.problem }, policy);
}

/** A row that was judged when its item stood on another line. */
export function movedRow(row: OutputRow, line: number): OutputRow {
  const itemId = row.item_id === madeUpId(row.line) ? madeUpId(line) : row.item_id;
  return { ...row, line, item_id: itemId };
}

/** Maps a verdict on candidates sent as [b, a] back to the input's order. */
function swapSides(verdict: VerdictReply): VerdictReply {
  const { label, probabilities, trail } = verdict;
  return {
    ...verdict,
    label: label === 'a' ? 'b' : label === 'b' ? 'a' : label,
    probabilities: probabilities && { ...probabilities, a: probabilities.b, b: probabilities.a },
    trail: trail.map((entry) =>
      entry.order === undefined || entry.order === null
        ? entry
        : { ...entry, order: entry.order === 'ab' ? ('ba' as const) : ('ab' as const) },
    ),
  };
}
