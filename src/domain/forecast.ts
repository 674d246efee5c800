import type { Period } from './period.ts';

/**
 * When a budget will be used up if it goes on as it did in the period so far, in milliseconds since 1970;
 * null when it will last. One that is used up was so by now.
 */
export function forecastOf(budget: {
  readonly used: number;
  readonly most: number;
  readonly period: Period;
  readonly now: number;
}): number | null {
  const { used, most, period, now } = budget;
  if (used >= most) return now;
  const elapsed = now - period.start;
  if (used <= 0 || elapsed <= 0) return null;
  const at = period.start + Math.ceil((most / used) * elapsed);
  return at < period.end ? at : null;
}
