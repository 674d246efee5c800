import { z } from 'zod';
import { mapBounded } from '../../domain/map-bounded.ts';
import type { FeedbackClient } from '../label/client.ts';
import type { Manifest } from '../export/manifest.ts';
import { FORMATS, ROW_TASKS, type ValidRow } from '../label/input.ts';
import { judgedRow, madeUpId } from '../label/row.ts';
import { type JudgeFacts, type ReadVerdict, readVerdict } from '../export/verdicts.ts';

/**
 * Asks for items again that were judged before, and says whose label is another now. It owns no files and no
 * thresholds: two labels are the same or not, and a judge is the same when all that its trail names of it is.
 */
export interface ReplayedItem {
  readonly id: string;
  readonly end: 'same' | 'differs' | 'failed';
  readonly before: string;
  readonly now: string;
  /** |P(a) before - P(a) now|, or the same of scores; null where one of them has none. */
  readonly shift: number | null;
}

export interface ReplayReport {
  readonly items: readonly ReplayedItem[];
  /** Judges of the verdicts that were not asked this time, and those that were not there before. */
  readonly gone: readonly JudgeFacts[];
  readonly added: readonly JudgeFacts[];
  readonly costUsd: number;
}

/** A row with the verdict that it had. */
export interface JudgedRow {
  readonly row: ValidRow;
  readonly verdict: ReadVerdict;
}

export async function replay(
  rows: readonly JudgedRow[],
  client: FeedbackClient,
  { concurrency, signal }: { readonly concurrency: number; readonly signal: AbortSignal },
): Promise<ReplayReport> {
  const before = new Map<string, JudgeFacts>();
  const now = new Map<string, JudgeFacts>();
  let costUsd = 0;
  const items = await mapBounded(rows, concurrency, async ({ row, verdict }): Promise<ReplayedItem> => {
    const id = row.item.id ?? madeUpId(row.line);
    const answer = await client.judge(row, signal);
    // In the input's own order: rows may be sent the other way round.
    const again = answer.ok ? readVerdict(judgedRow(row, answer.verdict, null)) : null;
    if (again === null || !hasLabel(again)) {
      const reason = answer.ok ? answer.verdict.outcome : answer.failure.code;
      return { id, end: 'failed', before: answerOf(verdict), now: reason, shift: null };
    }
    costUsd += again.cost.usd;
    for (const judge of verdict.judges) before.set(keyOf(judge), judge);
    for (const judge of again.judges) now.set(keyOf(judge), judge);
    const [old, fresh] = [answerOf(verdict), answerOf(again)];
    return {
      id,
      end: old === fresh ? 'same' : 'differs',
      before: old,
      now: fresh,
      shift: shiftOf(verdict, again),
    };
  });
  return {
    items,
    gone: [...before].filter(([key]) => !now.has(key)).map(([, judge]) => judge),
    added: [...now].filter(([key]) => !before.has(key)).map(([, judge]) => judge),
    costUsd,
  };
}

/** True where there is something to compare with. */
export function hasLabel({ outcome }: ReadVerdict): boolean {
  return outcome === 'ok' || outcome === 'tie';
}

/** What a trainer would take from the verdict; scores to two places, as their last ones are noise. */
function answerOf({ label, score, ranking, critique, outcome }: ReadVerdict): string {
  if (label !== null) return label;
  if (score !== undefined) return score.score.toFixed(2);
  if (ranking !== undefined) return ranking.order.join(' ');
  if (critique !== undefined) return critique.revision ?? '';
  return outcome;
}

function shiftOf(one: ReadVerdict, other: ReadVerdict): number | null {
  const [p, q] = [numberOf(one), numberOf(other)];
  return p === null || q === null ? null : Math.abs(p - q);
}

function numberOf({ probabilities, score }: ReadVerdict): number | null {
  return probabilities?.a ?? score?.score ?? null;
}

function keyOf({ judge, engine, model, precision, prompt, fingerprint }: JudgeFacts): string {
  return JSON.stringify([judge, engine, model, precision ?? null, prompt, fingerprint ?? null]);
}

const madeSchema = z.looseObject({
  task: z.enum(ROW_TASKS).catch('preference'),
  format: z.enum(FORMATS).optional().catch(undefined),
});

/** How the rows of an export were read; manifests of earlier versions do not name the format. */
export function madeBy({ made }: Manifest): z.output<typeof madeSchema> {
  return madeSchema.catch({ task: 'preference' }).parse(made ?? {});
}
