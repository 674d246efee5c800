import type { ErrorCode } from './errors.ts';

/**
 * How an item ended. Only `ok` and `tie` carry a label, or the result of another task; every other outcome has
 * `label: null`, on every surface: a failure never becomes a label.
 */
export const OUTCOMES = [
  'ok',
  'tie',
  'abstained',
  'unparseable',
  'refused',
  'truncated',
  'timed_out',
  'over_budget',
  'engine_failed',
  'invalid_item',
  'skipped',
] as const;

export type Outcome = (typeof OUTCOMES)[number];
export type LabelledOutcome = 'ok' | 'tie';
export type UnlabelledOutcome = Exclude<Outcome, LabelledOutcome>;

/** True when there is what was asked for: a label, or the result of another task. */
export function hasFeedback(outcome: Outcome): outcome is LabelledOutcome {
  return outcome === 'ok' || outcome === 'tie';
}

/** True for outcomes that asking the same question again cannot change. */
export function isFinal(outcome: Outcome): boolean {
  return outcome === 'ok' || outcome === 'tie' || outcome === 'abstained';
}

/** The outcome of an item whose judgment failed with `code`. */
export function outcomeOf(code: ErrorCode): UnlabelledOutcome {
  switch (code) {
    case 'invalid_request':
      return 'invalid_item';
    case 'context_overflow':
    case 'truncated':
      return 'truncated';
    case 'deadline_exceeded':
      return 'timed_out';
    case 'unparseable':
      return 'unparseable';
    case 'refused':
      return 'refused';
    case 'over_budget':
    case 'rate_limited':
      return 'over_budget';
    case 'not_judged':
      return 'abstained';
    case 'not_sampled':
    case 'self_judging':
    case 'cancelled':
    case 'draining':
      return 'skipped';
    default:
      return 'engine_failed';
  }
}
