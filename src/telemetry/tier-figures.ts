import type { Counter, Histogram, Meter } from '../contracts/metrics.ts';
import { memo } from './memo.ts';

/** Whose verdicts, of which kind. */
export interface Place {
  readonly team: string;
  readonly policy: string;
  readonly task: string;
}

/** The series of one tier of a team's policy, bound once: they are on the hot path. */
export interface TierFigures {
  readonly judgments: Counter;
  readonly confidences: Histogram;
  readonly consistent: Counter;
  readonly inconsistent: Counter;
  readonly freshTokens: Counter;
  readonly cachedTokens: Counter;
  readonly outputTokens: Counter;
  /** Dollars for calls that replies rest on. */
  readonly served: Counter;
  /** Dollars for another component. */
  spent(component: string): Counter;
}

export function createTierFigures(meter: Meter, place: Place, tier: string): TierFigures {
  const { team, policy } = place;
  const tokens = (direction: string): Counter =>
    meter.counter('assay_tokens_total').of({ team, policy, tier, direction });
  const pairs = (consistent: string): Counter =>
    meter.counter('assay_order_pairs_total').of({ policy, tier, consistent });
  const spent = memo((component) =>
    meter.counter('assay_cost_dollars_total').of({ ...place, tier, component }),
  );
  return {
    judgments: meter.counter('assay_judgments_total').of({ policy, tier }),
    confidences: meter.histogram('assay_confidence').of({ policy, tier }),
    consistent: pairs('yes'),
    inconsistent: pairs('no'),
    freshTokens: tokens('fresh_input'),
    cachedTokens: tokens('cached_input'),
    outputTokens: tokens('output'),
    served: spent('serve'),
    spent,
  };
}
