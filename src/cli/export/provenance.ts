import type { InputItem } from '../label/item.ts';
import type { ReadVerdict } from './verdicts.ts';

/** Columns beside those that a trainer reads: where the label came from, and how much it counts. */
export interface Provenance {
  readonly id: string;
  readonly verdict_id: string | null;
  readonly outcome: string;
  readonly confidence: number | null;
  /** Inverse of the probability with which sampling let the item in, shared by the rows of one item. */
  readonly weight: number;
  readonly tier: string | null;
  readonly judge: string | null;
  readonly model: string | null;
  readonly certificate: string | null;
  readonly flags: string;
  readonly cached: boolean;
  readonly cost_usd: number;
}

/** `rows` is how many the item becomes: weight and cost are theirs together. */
export function provenanceOf(item: InputItem, verdict: ReadVerdict, rows: number): Provenance {
  const last = verdict.judges.at(-1);
  return {
    id: item.id ?? verdict.item_id,
    verdict_id: verdict.id,
    outcome: verdict.outcome,
    confidence: verdict.confidence,
    weight: 1 / verdict.inclusion_probability / rows,
    tier: verdict.tier,
    judge: last?.judge ?? null,
    model: last?.model ?? null,
    certificate: verdict.certificate ?? null,
    flags: verdict.flags.join(' '),
    cached: verdict.cached,
    cost_usd: verdict.cost.usd / rows,
  };
}
