import type {
  LabelDistribution,
  LabelProbability,
  PreferenceProbabilities,
  ShownLabel,
} from './distribution.ts';
import type { Order } from './item.ts';
import type { Label } from './verdict.ts';

/**
 * The arithmetic of a preference: from label-token probabilities in the order shown to P(a), P(b), P(tie).
 * Pure functions; see RLAIF (Lee et al. 2023, arXiv 2309.00267) for averaging the two orders.
 */

/** What one order says, by identity. `worstCase` is its confidence if every unseen token spoke against it. */
export interface OrderReading {
  readonly order: Order;
  readonly probabilities: PreferenceProbabilities;
  readonly worstCase: number;
  readonly censored: boolean;
  readonly mass: number;
}

/** Reads a distribution; its mass must be above 0. */
export function readOrder(distribution: LabelDistribution<ShownLabel>, order: Order): OrderReading {
  const { first, second, tie } = distribution.labels;
  const total = first.probability + second.probability + tie.probability;
  const [a, b] = order === 'ab' ? [first, second] : [second, first];
  const probabilities = {
    a: a.probability / total,
    b: b.probability / total,
    tie: tie.probability / total,
  };
  const all = [a, b, tie];
  return {
    order,
    probabilities,
    worstCase: worstCaseOf(all, total),
    censored: all.some((label) => label.atMost > label.probability),
    mass: distribution.mass,
  };
}

/** Share of the largest label if the unseen part of every other one were as large as it can be. */
function worstCaseOf(labels: readonly LabelProbability[], total: number): number {
  const largest = labels.reduce((best, label) => (label.probability > best.probability ? label : best));
  const unseen = labels
    .filter((label) => label !== largest)
    .reduce((sum, label) => sum + (label.atMost - label.probability), 0);
  return largest.probability / (total + unseen);
}

/** Mean of the readings, which undoes position bias that is the same in both orders (to first order). */
export function averageOrders(readings: readonly OrderReading[]): PreferenceProbabilities {
  const n = readings.length;
  const sum = { a: 0, b: 0, tie: 0 };
  for (const { probabilities } of readings) {
    sum.a += probabilities.a;
    sum.b += probabilities.b;
    sum.tie += probabilities.tie;
  }
  return { a: sum.a / n, b: sum.b / n, tie: sum.tie / n };
}

/** The largest of the three, or null when two of them are equally large: then nothing was said. */
export function labelOf({ a, b, tie }: PreferenceProbabilities): Label | null {
  const largest = Math.max(a, b, tie);
  const winners = (
    [
      ['a', a],
      ['b', b],
      ['tie', tie],
    ] as const
  ).filter(([, p]) => largest - p < 1e-9);
  return winners.length === 1 ? (winners[0]?.[0] ?? null) : null;
}

/** Largest of the three probabilities, lowered by what the engine left unsaid; in [0, 1]. */
export function confidenceOf(
  probabilities: PreferenceProbabilities,
  readings: readonly OrderReading[],
): number {
  const largest = Math.max(probabilities.a, probabilities.b, probabilities.tie);
  const shortfall = readings.reduce((sum, reading) => {
    const { a, b, tie } = reading.probabilities;
    return sum + (Math.max(a, b, tie) - reading.worstCase);
  }, 0);
  return Math.max(0, largest - shortfall / readings.length);
}

/** True when the two orders, read alone, name different labels: the judge looked at the position. */
export function isPositionInconsistent(readings: readonly OrderReading[]): boolean {
  const [one, other] = readings;
  if (one === undefined || other === undefined) return false;
  return labelOf(one.probabilities) !== labelOf(other.probabilities);
}

/** |P(a) in one order - P(a) in the other|, in [0, 1]; null for a single order. */
export function orderGapOf(readings: readonly OrderReading[]): number | null {
  const [one, other] = readings;
  if (one === undefined || other === undefined) return null;
  return Math.abs(one.probabilities.a - other.probabilities.a);
}
