import { z } from 'zod';
import { OUTCOMES } from '../../domain/outcome.ts';
import { usageError } from '../exit.ts';
import { parseJsonLine } from '../label/json-line.ts';
import { readLines } from '../label/lines.ts';

/** What an export needs of a verdict, as `assay label` and job results write it; the rest is dropped at once. */
const trailSchema = z.object({
  judge: z.string(),
  engine: z.string(),
  model: z.string(),
  precision: z.string().nullish(),
  prompt: z.string(),
  fingerprint: z.string().nullish(),
  tier: z.string().nullish(),
  part: z.string().nullish(),
  reasons: z.string().nullish(),
});

const share = z.number().min(0).max(1);

const scoresSchema = z.object({
  score: share,
  criteria: z.array(z.object({ criterion: z.string(), expected: z.number() })).default([]),
});

/** The score of an item in [0, 1], and what was expected by each criterion, on its own scale. */
export type Scores = z.output<typeof scoresSchema>;

const verdictSchema = z.object({
  id: z.string().nullable(),
  item_id: z.string(),
  task: z.string().default('preference'),
  outcome: z.enum(OUTCOMES),
  label: z.enum(['a', 'b', 'tie']).nullable(),
  probabilities: z.object({ a: share, b: share, tie: share }).nullable(),
  confidence: share.nullable(),
  tier: z.string().nullable(),
  certificate: z.string().nullish(),
  cached: z.boolean().default(false),
  cost: z.object({ usd: z.number() }),
  inclusion_probability: z.number().gt(0).max(1).default(1),
  /** How the row was drawn; absent where every row was asked. */
  sample: z.string().optional(),
  flags: z.array(z.string()),
  trail: z.array(trailSchema),
  score: scoresSchema.optional(),
  critique: z.object({ revision: z.string().nullable(), improvement: share.nullable() }).optional(),
  ranking: z.object({ rewards: z.array(z.number()), order: z.array(z.int()) }).optional(),
  error: z.object({ message: z.string(), code: z.string() }).nullish(),
});

export type ReadVerdict = Omit<z.output<typeof verdictSchema>, 'trail'> & {
  readonly judges: readonly JudgeFacts[];
  readonly reasons: readonly Reasons[];
};

/** A judge as a verdict names it: what it would take to ask the same one again. */
export type JudgeFacts = Omit<z.output<typeof trailSchema>, 'tier' | 'part' | 'reasons'>;

/** What a judge of a tier wrote before it answered; `part` is the criterion it was about, or null for all. */
export interface Reasons {
  readonly tier: string | null;
  readonly part: string | null;
  readonly text: string;
}

/** Verdicts by the id of their item; of several for one item the last counts. Judges are kept once each. */
export async function readVerdicts(path: string): Promise<ReadonlyMap<string, ReadVerdict>> {
  const verdicts = new Map<string, ReadVerdict>();
  const judges = new Map<string, JudgeFacts>();
  for await (const line of readLines(path)) {
    const row = line.ok ? parseJsonLine(line.text) : { ok: false as const, message: line.reason };
    const read = row.ok ? verdictSchema.safeParse(row.value) : null;
    if (read?.success !== true) {
      const place = read?.error.issues[0]?.path.join('.');
      const what = row.ok ? `is no verdict: ${place} is missing or wrong` : row.message;
      throw usageError(`${path}:${line.number}: ${what}`);
    }
    verdicts.set(read.data.item_id, withJudges(read.data, judges));
  }
  return verdicts;
}

/** One verdict as a gateway gives it; null when it is none. */
export function readVerdict(value: unknown): ReadVerdict | null {
  const read = verdictSchema.safeParse(value);
  return read.success ? withJudges(read.data, new Map()) : null;
}

/** Judges in the order they were asked, each once; equal ones are one object, kept in `known`. */
function withJudges(
  { trail, ...verdict }: z.output<typeof verdictSchema>,
  known: Map<string, JudgeFacts>,
): ReadVerdict {
  const reasons = trail.flatMap(({ tier = null, part = null, reasons: text }) =>
    text === null || text === undefined ? [] : [{ tier, part, text }],
  );
  const own = trail.map(({ tier: _tier, part: _part, reasons: _reasons, ...entry }) => {
    const key = JSON.stringify(entry);
    const judge = known.get(key) ?? entry;
    known.set(key, judge);
    return judge;
  });
  return { ...verdict, judges: [...new Set(own)], reasons };
}
