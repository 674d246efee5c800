import type { RoutingEnd, RoutingResult } from '../contracts/routing.ts';
import { NO_COST } from '../domain/cost.ts';
import type { PreferenceProbabilities } from '../domain/distribution.ts';
import type { Order } from '../domain/item.ts';
import type { AnyJudgment, Judgment } from '../domain/judgment.ts';
import { labelOf } from '../domain/preference.ts';

/**
 * True for what asking again would not change: a label, or an abstention after every judge had its say.
 * A failure, and an abstention where some judge failed, may go better the next time.
 */
export function isLasting({ end, trail }: RoutingResult): boolean {
  if (end.type === 'failed') return false;
  if (end.type === 'accepted' && labelOf(end.judgment.probabilities) !== null) return true;
  return trail.every(({ problem }) => problem === null);
}

/**
 * True when the deciding judgment is the mean of both orders: then it says the same of the two candidates
 * however they are arranged. One order alone carries the judge's position bias.
 */
export function isOrderFree({ end }: RoutingResult): boolean {
  return end.type !== 'failed' && !end.judgment.flags.includes('single_order');
}

/** The same history without its price, as whoever gets the result again pays nothing, and without long texts. */
export function withoutCost<J extends AnyJudgment>(result: RoutingResult<J>): RoutingResult<J> {
  return {
    ...result,
    trail: result.trail.map(({ reasons: _reasons, ...entry }) => ({ ...entry, cost: NO_COST })),
  };
}

/** The result for the item with its candidates exchanged: `a` and `b` change places everywhere. */
export function flipped(result: RoutingResult): RoutingResult {
  return {
    ...result,
    end: flippedEnd(result.end),
    trail: result.trail.map((entry) => ({
      ...entry,
      order: entry.order === null ? null : otherOrder(entry.order),
    })),
  };
}

function flippedEnd(end: RoutingEnd): RoutingEnd {
  return end.type === 'failed' ? end : { ...end, judgment: flippedJudgment(end.judgment) };
}

function flippedJudgment(judgment: Judgment): Judgment {
  return {
    ...judgment,
    probabilities: exchanged(judgment.probabilities),
    readings: judgment.readings.map((reading) => ({
      ...reading,
      order: otherOrder(reading.order),
      probabilities: exchanged(reading.probabilities),
    })),
  };
}

function exchanged({ a, b, tie }: PreferenceProbabilities): PreferenceProbabilities {
  return { a: b, b: a, tie };
}

function otherOrder(order: Order): Order {
  return order === 'ab' ? 'ba' : 'ab';
}
