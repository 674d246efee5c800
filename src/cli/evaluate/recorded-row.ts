import { type JudgeKey, judgeKeyOf } from '../../domain/judge-key.ts';
import { z } from 'zod';
import type { Opinion } from '../../contracts/evaluation.ts';
import type { Item } from '../../domain/item.ts';
import type { Judgment } from '../../domain/judgment.ts';
import type { OrderReading } from '../../domain/preference.ts';
import { judgmentOf } from '../../domain/judgment.ts';
import {
  idColumn,
  type JsonRow,
  otherColumns,
  refuseFor,
  type RowProblem,
  textOrMessages,
} from '../label/item.ts';

/** Verdicts of one prompt variant, by identity: shown in the given order and in the swapped one. */
const verdicts = z.tuple([z.enum(['a', 'b']).nullable(), z.enum(['a', 'b']).nullable()], {
  error: 'must be two verdicts, "a", "b" or null: the one in the given and the one in the swapped order',
});

const probability = z.number({ error: 'must be a number from 0 to 1' }).min(0).max(1);
const judge = z.union(
  [z.strictObject({ p_first: probability, p_tie: probability.optional() }), z.record(z.string(), verdicts)],
  {
    error: 'must be {"p_first": number from 0 to 1} or two verdicts for each prompt variant',
  },
);

const schema = z.object({
  id: idColumn,
  prompt: textOrMessages,
  responses: z.tuple([z.string(), z.string()], { error: 'must be two texts' }),
  judges: z.record(z.string(), judge, { error: 'must be an object of judges by name' }),
});
type RecordedJudge = z.output<typeof judge>;

/** An item with recorded opinions, as it stands in one row. */
export interface RecordedItem {
  readonly id: string | null;
  readonly item: Omit<Item, 'id'>;
  readonly opinions: ReadonlyMap<string, Opinion>;
}

export type ReadRecorded =
  | { readonly ok: true; readonly value: RecordedItem }
  | { readonly ok: false; readonly problem: RowProblem };

export function isRecordedRow(row: JsonRow): boolean {
  return 'judges' in row && 'responses' in row;
}

/**
 * Reads `{id?, prompt, responses: [a, b], judges: {name: {p_first, p_tie?}}}`: `p_first` is the probability
 * that the first response is better, averaged over both orders. A judge may have verdicts without
 * probabilities instead, by prompt variant; it is then called `name/variant`.
 */
export function readRecordedRow(row: JsonRow): ReadRecorded {
  const read = schema.safeParse(row);
  if (!read.success) {
    const refused = refuseFor(read.error);
    return refused.ok ? { ok: false, problem: { message: 'cannot be read', param: null } } : refused;
  }
  const { id, prompt, responses, judges } = read.data;
  const metadata = otherColumns(row, ['id', 'prompt', 'responses', 'judges']);
  const opinions = Object.entries(judges).flatMap(([name, said]) => opinionsOf(name, said));
  const item = { prompt, candidates: responses, rubric: undefined, metadata };
  return { ok: true, value: { id: id ?? null, item, opinions: new Map(opinions) } };
}

function opinionsOf(name: string, said: RecordedJudge): [string, Opinion][] {
  if (isAveraged(said)) return [[name, opinionOf(averagedJudgment(name, said.p_first, said.p_tie ?? 0))]];
  return Object.entries(said).flatMap(([variant, [asGiven, swapped]]) => {
    const readings = [readingOf('ab', asGiven), readingOf('ba', swapped)].filter(
      (reading) => reading !== null,
    );
    return readings.length === 0
      ? []
      : [[`${name}/${variant}`, opinionOf(judgmentOf(readings, recordedKey(`${name}/${variant}`)))]];
  });
}

function isAveraged(said: RecordedJudge): said is { p_first: number; p_tie?: number } {
  return typeof said['p_first'] === 'number';
}

/** A judgment of which only the average over the orders was kept. */
function averagedJudgment(name: string, pFirst: number, pTie: number): Judgment {
  const probabilities = { a: pFirst, b: Math.max(0, 1 - pFirst - pTie), tie: pTie };
  const confidence = Math.max(probabilities.a, probabilities.b, probabilities.tie);
  const key = recordedKey(name);
  return { key, probabilities, confidence, orderGap: null, labelMass: 1, readings: [], flags: [] };
}

/** All that a record tells of its judge is a name. */
function recordedKey(name: string): JudgeKey {
  const unknown = { precision: null, prompt: 'recorded', promptHash: '', route: null, fingerprint: null };
  return judgeKeyOf({ model: name, ...unknown, orders: 'both', engine: 'recorded' });
}

/** A verdict that came without a probability counts as certain: that is all it said. */
function readingOf(order: OrderReading['order'], verdict: 'a' | 'b' | null): OrderReading | null {
  if (verdict === null) return null;
  const probabilities = { a: verdict === 'a' ? 1 : 0, b: verdict === 'b' ? 1 : 0, tie: 0 };
  return { order, probabilities, worstCase: 1, censored: false, mass: 1 };
}

function opinionOf(judgment: Judgment): Opinion {
  return { judgment, nanoUsd: null, usage: null, ms: null, identity: null };
}
