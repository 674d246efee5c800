import type { Random } from '../../contracts/clock.ts';
import type { SpendPace } from './spend-pace.ts';

/** What a policy does with an item that its certificate sends on when there is no money for it. */
export type OverBudgetChoice = 'pause' | 'queue' | 'release' | 'drop';

/** An item that a tier has judged, before the decision whether the next tier is asked. */
export interface DeferralCandidate {
  /** Whether the certificate lets the label stand. Where it does not, the item is under the floor. */
  readonly accepted: boolean;
  /** Calibrated P(the label is wrong), in [0, 1]. */
  readonly wrong: number;
  /** What asking the next tier is expected to cost, in nano-dollars. */
  readonly escalationNanoUsd: number;
  /** Milliseconds that are left for the item. */
  readonly remainingMs: number;
  /** For `drop`: how much the label is wanted, in (0, 1]. */
  readonly samplingScore: number;
}

export type Deferral =
  /** The label stands. */
  | { readonly action: 'accept'; readonly reason: string }
  /** Ask the next tier; its expected cost has been charged, the caller charges the difference to the real one. */
  | { readonly action: 'escalate'; readonly inclusion: number; readonly reason: string }
  /** Hold the item so long, then decide again. */
  | { readonly action: 'wait'; readonly ms: number; readonly reason: string }
  /** End as `over_budget`; there is money again after `retryAfterMs`, Infinity when there never is enough. */
  | { readonly action: 'refuse'; readonly retryAfterMs: number; readonly reason: string }
  /** The label goes out with the flag `uncertified` and counts in no guarantee. */
  | { readonly action: 'release'; readonly flag: 'uncertified'; readonly reason: string }
  /** End as `skipped`; `inclusion` is the probability with which it would not have been. */
  | { readonly action: 'drop'; readonly inclusion: number; readonly reason: string };

/** Least probability of being kept: weights 1/pi beyond 50 make every estimate useless. */
const LEAST_INCLUSION = 0.02;
/** Dropping begins when half a window's money is owed, and e^-4 of the items are kept when a whole one is. */
const DROP_GAIN = 8;

/**
 * Escalates beyond the certificate's floor if and only if an error avoided is worth more than asking:
 * price of an error * P(wrong) > cost. What the certificate sends on is under the floor: it is never accepted,
 * whatever the money says; when there is none, the policy's explicit choice decides, and nothing loosens silently.
 */
export function decideDeferral(
  candidate: DeferralCandidate,
  pace: SpendPace,
  choice: OverBudgetChoice,
  random: Random,
): Deferral {
  const cost = candidate.escalationNanoUsd;
  const waitMs = pace.waitFor(cost);
  if (!candidate.accepted) return underFloor(candidate, { pace, waitMs, choice, random });
  const worth = pace.errorPrice() * candidate.wrong;
  const shown = `error worth ${worth.toPrecision(3)} nUSD`;
  if (worth <= cost) return { action: 'accept', reason: `${shown} <= ${cost}` };
  if (waitMs > 0) return { action: 'accept', reason: `${shown} > ${cost}, but the budget is used up` };
  return escalate(pace, cost, 1, `${shown} > ${cost}`);
}

interface FloorTerms {
  readonly pace: SpendPace;
  readonly waitMs: number;
  readonly choice: OverBudgetChoice;
  readonly random: Random;
}

function underFloor(candidate: DeferralCandidate, terms: FloorTerms): Deferral {
  const { pace, waitMs, choice } = terms;
  const cost = candidate.escalationNanoUsd;
  if (choice === 'drop') return sample(candidate, terms);
  if (waitMs === 0) return escalate(pace, cost, 1, 'not accepted under the certificate');
  switch (choice) {
    case 'pause':
      return refuse(waitMs);
    case 'queue':
      return waitMs < candidate.remainingMs
        ? { action: 'wait', ms: waitMs, reason: `over budget: money is back in ${waitMs} ms` }
        : refuse(waitMs);
    case 'release':
      return { action: 'release', flag: 'uncertified', reason: 'over budget: released without certificate' };
  }
}

function sample({ samplingScore, escalationNanoUsd }: DeferralCandidate, terms: FloorTerms): Deferral {
  const { pace, waitMs, random } = terms;
  const kept = Math.exp(DROP_GAIN * Math.min(0, pace.level() + 0.5));
  const inclusion = kept === 1 ? 1 : Math.min(1, Math.max(LEAST_INCLUSION, kept * samplingScore));
  const shown = `kept with probability ${inclusion.toFixed(3)}`;
  if (random.uniform() >= inclusion) return { action: 'drop', inclusion, reason: `over budget: ${shown}` };
  return waitMs === 0 ? escalate(pace, escalationNanoUsd, inclusion, shown) : refuse(waitMs);
}

function escalate(pace: SpendPace, nanoUsd: number, inclusion: number, reason: string): Deferral {
  pace.charge(nanoUsd);
  return { action: 'escalate', inclusion, reason };
}

function refuse(retryAfterMs: number): Deferral {
  return { action: 'refuse', retryAfterMs, reason: `over budget: money is back in ${retryAfterMs} ms` };
}
