import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { CalibrationItem, Stage } from '../../src/contracts/certificate.ts';
import { judgeKeyOf } from '../../src/domain/judge-key.ts';
import { type JudgeSignals, lengthLogRatioOf } from '../../src/domain/signals.ts';

/**
 * Recorded judgments for `bench:router`: JSONL, `.gz` too. A judge is recorded as P(first response is better),
 * or as votes under several prompts in both orders (original, swapped; already mapped back to the response).
 */
const side = z.enum(['a', 'b']);
const probability = z.object({ p_first: z.number().min(0).max(1) });
const votes = z.record(z.string(), z.tuple([side.nullable(), side.nullable()]));
const record = z.object({
  id: z.string(),
  stratum: z.string().optional(),
  prompt: z.string(),
  responses: z.tuple([z.string(), z.string()]),
  human: side,
  judges: z.record(z.string(), z.union([probability, votes])),
});
export type RecordedItem = z.output<typeof record>;
type RecordedJudge = RecordedItem['judges'][string];

export function readRecords(path: string): RecordedItem[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const parsed = record.safeParse(JSON.parse(line));
    if (!parsed.success) throw new Error(`${path}:${i + 1}: ${z.prettifyError(parsed.error)}`);
    return [parsed.data];
  });
}

/** The chain of recorded judges, in the order given. */
export function stagesOf(judges: readonly string[]): Stage[] {
  return judges.map((model) => ({
    tier: model,
    judge: judgeKeyOf({
      model,
      precision: null,
      prompt: 'recorded@1',
      promptHash: '',
      orders: 'both',
      route: null,
      engine: 'recorded',
      fingerprint: null,
    }),
  }));
}

/** Items with what every stage and the reference said; those without a word of the reference are left out. */
export function itemsOf(
  records: readonly RecordedItem[],
  stages: readonly Stage[],
  reference: string,
): CalibrationItem[] {
  return records.flatMap((row) => {
    const label = reference === 'human' ? row.human : labelOf(row.judges[reference]);
    if (label === null) return [];
    return [
      {
        id: row.id,
        prompt: row.prompt,
        lengthLogRatio: lengthLogRatioOf({ candidates: row.responses }),
        answers: stages.map((stage) => signalsOf(row.judges[stage.tier], stage.judge.id)),
        reference: label,
        stratum: 'recorded',
      },
    ];
  });
}

function labelOf(judge: RecordedJudge | undefined): 'a' | 'b' | null {
  const read = judge === undefined ? null : pairOf(judge);
  if (read === null || read.first === read.second) return null;
  return read.first > read.second ? 'a' : 'b';
}

function signalsOf(judge: RecordedJudge | undefined, key: string): JudgeSignals | null {
  const read = judge === undefined ? null : pairOf(judge);
  if (read === null) return null;
  const log = (p: number): number => Math.max(-40, Math.log(p));
  return {
    judge: key,
    logProbabilities: { a: log(read.first), b: log(read.second), tie: -40 },
    orderGap: read.gap,
    labelMass: null,
  };
}

/** P(first) and P(second) apart, so that neither is lost near 1; six recorded digits end at 1e-6. */
function pairOf(judge: RecordedJudge): { first: number; second: number; gap: number | null } | null {
  if (isProbability(judge)) {
    const first = Math.min(1 - 1e-6, Math.max(1e-6, judge.p_first));
    return { first, second: 1 - first, gap: null };
  }
  const pairs = Object.values(judge);
  const original = shareOfA(pairs.map(([vote]) => vote));
  const swapped = shareOfA(pairs.map(([, vote]) => vote));
  const all = pairs.flat().filter((vote) => vote !== null);
  if (all.length === 0 || original === null || swapped === null) return null;
  // Half a vote for each side (Krichevsky and Trofimov): unanimous votes are not certainty.
  const first = (all.filter((vote) => vote === 'a').length + 0.5) / (all.length + 1);
  return { first, second: 1 - first, gap: Math.abs(original - swapped) };
}

function shareOfA(all: readonly ('a' | 'b' | null)[]): number | null {
  const given = all.filter((vote) => vote !== null);
  return given.length === 0 ? null : given.filter((vote) => vote === 'a').length / given.length;
}

function isProbability(judge: RecordedJudge): judge is z.output<typeof probability> {
  return typeof judge['p_first'] === 'number';
}

/** What the judge says in both orders under one prompt, and null when the orders contradict: naive acceptance. */
export function consistentVote(record: RecordedItem, judge: string): 'a' | 'b' | null {
  const found = record.judges[judge];
  if (found === undefined || isProbability(found)) return null;
  const [original, swapped] = found['Vanilla'] ?? Object.values(found)[0] ?? [null, null];
  return original !== null && original === swapped ? original : null;
}
