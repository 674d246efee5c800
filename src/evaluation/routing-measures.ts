import type { Interval } from '../statistics/binomial.ts';
import {
  averageGapRecovered,
  callShareFor,
  type RoutedItem,
  routingCurve,
  type RoutingPoint,
} from '../statistics/selective.ts';
import type { Answer, Labelling } from './answer.ts';
import type { Estimator, Grouped } from './intervals.ts';

/**
 * How well the small judge's confidence tells which items need the large one, as in RouteLLM (Ong et al. 2024):
 * items go to the large judge from the least sure on.
 */
export interface RoutingQuality {
  /** Quality at every share of large calls. */
  readonly curve: readonly RoutingPoint[];
  readonly smallQuality: number;
  readonly largeQuality: number;
  /** Area under the recovered gap; .5 is a coin. Null when both judges are equally good. */
  readonly apgr: Interval | null;
  /** Least share of large calls that recovers half, and four fifths, of the gap. */
  readonly cpt50: Interval | null;
  readonly cpt80: Interval | null;
}

type Row = RoutedItem & Grouped;

/** Null where no item has both judges' labels and the truth. */
export function routingQuality(
  small: Labelling,
  large: Labelling,
  against: 'reference' | 'gold',
  estimate: Estimator,
): RoutingQuality | null {
  const rows = small.answers.flatMap((answer, index) => routedItem(answer, large.answers[index], against));
  if (rows.length === 0) return null;
  const curve = routingCurve(rows);
  return {
    curve,
    smallQuality: curve[0]?.quality ?? Number.NaN,
    largeQuality: curve.at(-1)?.quality ?? Number.NaN,
    apgr: estimate(rows, (some) => averageGapRecovered(routingCurve(some))),
    cpt50: estimate(rows, (some) => callShareFor(routingCurve(some), 0.5) ?? Number.NaN),
    cpt80: estimate(rows, (some) => callShareFor(routingCurve(some), 0.8) ?? Number.NaN),
  };
}

function routedItem(small: Answer, large: Answer | undefined, against: 'reference' | 'gold'): Row[] {
  const truth = small[against];
  if (truth === null || large === undefined || large.label === null) return [];
  return [
    {
      group: small.group,
      need: -(small.confidence ?? 0),
      weak: small.label === truth ? 1 : 0,
      strong: large.label === truth ? 1 : 0,
    },
  ];
}
