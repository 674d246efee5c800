import type { InputItem } from '../label/item.ts';
import type { Scored } from './made.ts';
import type { GroupShape } from './shapes.ts';
import type { ReadVerdict } from './verdicts.ts';

/** Columns beside those that a trainer reads: where the label came from, and how much it counts. */
export interface Provenance {
  readonly id: string;
  readonly verdict_id: string | null;
  readonly outcome: string;
  readonly confidence: number | null;
  /** Inverse of the probability with which sampling let the item in, shared by the rows of one item. */
  readonly weight: number | null;
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

/**
 * Of a row that a group made: what differs among its items stands as all their values, the least confidence
 * counts, the cost is their sum. A row of steps is there when all of them were drawn, so its weight is the
 * product of theirs; answers of one instruction have weights of their own instead.
 */
export function provenanceOfGroup(id: string, scored: readonly Scored[], shape: GroupShape): Provenance {
  const verdicts = scored.map(({ verdict }) => verdict);
  const joined = (value: (verdict: ReadVerdict) => string | null | undefined): string | null => {
    const values = new Set(verdicts.flatMap((verdict) => value(verdict)?.split(' ') ?? []));
    return values.size === 0 ? null : [...values].join(' ');
  };
  const confidences = verdicts.flatMap(({ confidence }) => confidence ?? []);
  const drawn = verdicts.reduce((product, verdict) => product * verdict.inclusion_probability, 1);
  return {
    id,
    verdict_id: joined((verdict) => verdict.id),
    outcome: 'ok',
    confidence: confidences.length === 0 ? null : Math.min(...confidences),
    weight: shape === 'stepwise' ? 1 / drawn : null,
    tier: joined(({ tier }) => tier),
    judge: joined(({ judges }) => judges.at(-1)?.judge),
    model: joined(({ judges }) => judges.at(-1)?.model),
    certificate: joined(({ certificate }) => certificate),
    flags: joined(({ flags }) => (flags.length === 0 ? null : flags.join(' '))) ?? '',
    cached: verdicts.every(({ cached }) => cached),
    cost_usd: verdicts.reduce((sum, { cost }) => sum + cost.usd, 0),
  };
}
