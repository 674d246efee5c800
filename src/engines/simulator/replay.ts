import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { hashText } from './hash.ts';
import type { LabelOdds, Opinion } from './label-odds.ts';
import type { ShownPair } from './pair-prompt.ts';

/**
 * Recorded judgments in place of the toy model's opinion. A file has one JSON object a line with `prompt`,
 * two `responses` and `judges`; a judge has either `p_first`, the probability that the first response is
 * better, or per prompt variant two verdicts, the one in the given and the one in the swapped order.
 */
const verdict = z.enum(['a', 'b']).nullable();
const rowSchema = z.object({
  prompt: z.string(),
  responses: z.tuple([z.string(), z.string()]),
  judges: z.record(
    z.string(),
    z.union([
      z.object({ p_first: z.number().min(0).max(1) }),
      z.record(z.string(), z.tuple([verdict, verdict])),
    ]),
  ),
});
type Row = z.output<typeof rowSchema>;

/** What a judge said, as the probability that the row's first response is better; null for no verdict. */
interface Record {
  readonly asGiven: number | null;
  readonly swapped: number | null;
}

/** Probability given to a verdict that came without one. */
const HARD = 0.98;
/** Label mass of a recorded probability and of a judge that gave no verdict. */
const ANSWERED = 0.999;
const UNANSWERED = 0.3;

/**
 * The pair with which the house's judges warm an engine up. No file records it, and an engine that refused
 * it would never be ready; it is answered with even odds.
 */
const WARM_UP: ShownPair = { prompt: 'What is the capital of France?', first: 'Paris.', second: 'Lyon.' };

/** Reads a file of recorded judgments; `judge` is a name, or `NAME/VARIANT`. Throws when it has none of them. */
export async function loadReplay(path: string, judge: string): Promise<Opinion> {
  const records = new Map<string, Record>();
  const known = new Set<string>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const row = readRow(line, `${path}:${number}`);
    for (const name of namesOf(row)) known.add(name);
    const record = recordOf(row, judge);
    if (record === null) continue;
    const key = keyOf(row.prompt, row.responses[0], row.responses[1]);
    // The first record of a pair counts.
    if (!records.has(key)) records.set(key, record);
  }
  if (records.size === 0) {
    throw new Error(`${path} records no judge "${judge}"; it has ${[...known].join(', ') || 'none'}`);
  }
  records.set(keyOf(WARM_UP.prompt, WARM_UP.first, WARM_UP.second), { asGiven: 0.5, swapped: 0.5 });
  const message = `replay: this pair is not recorded in ${path}`;
  return (pair) => {
    const odds = replayed(records, pair);
    return odds === null ? { ok: false, message } : { ok: true, odds };
  };
}

function readRow(line: string, place: string): Row {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    throw new Error(`${place}: this line is no JSON`);
  }
  const row = rowSchema.safeParse(data);
  if (!row.success) throw new Error(`${place}: ${z.prettifyError(row.error)}`);
  return row.data;
}

function isProbability(judge: Row['judges'][string]): judge is { p_first: number } {
  return typeof judge['p_first'] === 'number';
}

function namesOf(row: Row): string[] {
  return Object.entries(row.judges).flatMap(([name, judge]) =>
    isProbability(judge) ? [name] : Object.keys(judge).map((variant) => `${name}/${variant}`),
  );
}

function recordOf(row: Row, selected: string): Record | null {
  const whole = row.judges[selected];
  if (whole !== undefined) {
    return isProbability(whole) ? { asGiven: whole.p_first, swapped: whole.p_first } : null;
  }
  const slash = selected.indexOf('/');
  const judge = row.judges[selected.slice(0, slash)];
  if (slash < 0 || judge === undefined || isProbability(judge)) return null;
  const verdicts = judge[selected.slice(slash + 1)];
  if (verdicts === undefined) return null;
  const [asGiven, swapped] = verdicts.map((each) => (each === null ? null : each === 'a' ? HARD : 1 - HARD));
  return { asGiven: asGiven ?? null, swapped: swapped ?? null };
}

function replayed(
  records: ReadonlyMap<string, Record>,
  { prompt, first, second }: ShownPair,
): LabelOdds | null {
  const hash = hashText(second, hashText(first));
  const given = records.get(keyOf(prompt, first, second));
  if (given !== undefined) return oddsOf(given.asGiven, hash);
  const swapped = records.get(keyOf(prompt, second, first))?.swapped;
  if (swapped === undefined) return null;
  return oddsOf(swapped === null ? null : 1 - swapped, hash);
}

function oddsOf(first: number | null, hash: number): LabelOdds {
  if (first === null) return { first: 0.5, second: 0.5, tie: 0, mass: UNANSWERED, hash };
  return { first, second: 1 - first, tie: 0, mass: ANSWERED, hash };
}

function keyOf(prompt: string, first: string, second: string): string {
  return createHash('sha256')
    .update(JSON.stringify([prompt, first, second]))
    .digest('base64');
}
