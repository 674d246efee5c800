import type { Interval } from '../../statistics/binomial.ts';

/** An interval as it stands in JSON; null stays null. */
export function figureOf(
  interval: Interval | null,
): { readonly value: number; readonly low: number; readonly high: number } | null {
  return interval === null ? null : { value: interval.estimate, low: interval.low, high: interval.high };
}
