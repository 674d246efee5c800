import type { JudgedItem } from '../../contracts/evaluation.ts';
import { lengthLogRatioOf } from '../../domain/signals.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { fitLogistic } from '../../statistics/logistic.ts';
import { labelOfOpinion } from '../answer.ts';
import { type Estimator, type Grouped, shareOf } from '../intervals.ts';

/** Whether a judge prefers longer responses, and whether for their length. */
export interface LengthBias {
  /** Items of unequal lengths with a label a or b. */
  readonly items: number;
  /** P(prefers the longer response). */
  readonly longer: Interval | null;
  /** Items of those with a gold label a or b. */
  readonly withGold: number;
  /** P(the gold label is the longer response) on them. */
  readonly goldLonger: Interval | null;
  /**
   * What twice the length adds to the log-odds of being preferred when the gold label is the same: the coefficient of
   * log2(length ratio) in a logistic regression of the label on it and on the gold label. 0 without a bias.
   */
  readonly perDoubling: Interval | null;
}

/** One judged pair: log2 of the length of `a` over that of `b`, and who preferred which. */
export interface LengthRow extends Grouped {
  readonly doublings: number;
  readonly choice: 'a' | 'b';
  readonly gold: 'a' | 'b' | null;
}

export function lengthRows(items: readonly JudgedItem[], judge: string): LengthRow[] {
  return items.flatMap(({ group, item, gold, opinions }): LengthRow[] => {
    const choice = labelOfOpinion(opinions.get(judge));
    if (item === null || choice === null || choice === 'tie') return [];
    const doublings = lengthLogRatioOf(item) / Math.LN2;
    return doublings === 0 ? [] : [{ group, doublings, choice, gold: gold === 'tie' ? null : gold }];
  });
}

export function lengthBias(items: readonly JudgedItem[], judge: string, estimate: Estimator): LengthBias {
  const rows = lengthRows(items, judge);
  const known = rows.filter(({ gold }) => gold !== null);
  return {
    items: rows.length,
    longer: estimate(rows, (some) => shareOf(some, (row) => row.choice === longerOf(row))),
    withGold: known.length,
    goldLonger: estimate(known, (some) => shareOf(some, (row) => row.gold === longerOf(row))),
    perDoubling: estimate(known, perDoubling),
  };
}

export function longerOf({ doublings }: LengthRow): 'a' | 'b' {
  return doublings > 0 ? 'a' : 'b';
}

/** NaN where labels, lengths or gold labels do not vary: then nothing can be told apart. */
function perDoubling(rows: readonly LengthRow[]): number {
  if (new Set(rows.map(({ choice }) => choice)).size < 2) return Number.NaN;
  if (new Set(rows.map(({ doublings }) => doublings)).size < 2) return Number.NaN;
  if (new Set(rows.map(({ gold }) => gold)).size < 2) return Number.NaN;
  // The weight of one item keeps a judge that always follows the gold label finite.
  const model = fitLogistic(
    rows.map(({ doublings, gold }) => [doublings, gold === 'a' ? 1 : -1]),
    rows.map(({ choice }) => (choice === 'a' ? 1 : 0)),
    { l2: 1 },
  );
  return model.coefficients[0] ?? Number.NaN;
}
