import type { JudgedItem } from '../../contracts/evaluation.ts';
import { labelOf, type OrderReading } from '../../domain/preference.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { mean } from '../../statistics/moments.ts';
import { type Estimator, type Grouped, shareOf } from '../intervals.ts';

/** What the place of a response does to a judge's answer; null where both orders are not known. */
export interface PositionBias {
  /** Items that were judged in both orders. */
  readonly items: number;
  /** Mean P(the one shown first) over both orders, ties half; .5 without a bias. */
  readonly first: Interval | null;
  /** Share of items whose label changes with the order. */
  readonly flips: Interval | null;
  /** Mean |P(a) shown first - P(a) shown second|. */
  readonly gap: Interval | null;
  /** Share that names the same slot in both orders. */
  readonly sameSlot: Interval | null;
}

interface Row extends Grouped {
  readonly ab: OrderReading;
  readonly ba: OrderReading;
}

export function positionBias(items: readonly JudgedItem[], judge: string, estimate: Estimator): PositionBias {
  const rows = items.flatMap(({ group, opinions }): Row[] => {
    const readings = opinions.get(judge)?.judgment.readings ?? [];
    const ab = readings.find(({ order }) => order === 'ab');
    const ba = readings.find(({ order }) => order === 'ba');
    return ab === undefined || ba === undefined ? [] : [{ group, ab, ba }];
  });
  return {
    items: rows.length,
    first: estimate(rows, (some) => mean(some.map(firstOf))),
    flips: estimate(rows, (some) => shareOf(some, ({ ab, ba }) => labelIn(ab) !== labelIn(ba))),
    gap: estimate(rows, (some) =>
      mean(some.map(({ ab, ba }) => Math.abs(ab.probabilities.a - ba.probabilities.a))),
    ),
    sameSlot: estimate(rows, (some) => shareOf(some, isSameSlot)),
  };
}

function labelIn({ probabilities }: OrderReading): string {
  return labelOf(probabilities) ?? 'none';
}

function firstOf({ ab, ba }: Row): number {
  return (ab.probabilities.a + ab.probabilities.tie / 2 + ba.probabilities.b + ba.probabilities.tie / 2) / 2;
}

function isSameSlot({ ab, ba }: Row): boolean {
  const labels = `${labelIn(ab)}${labelIn(ba)}`;
  return labels === 'ab' || labels === 'ba';
}
