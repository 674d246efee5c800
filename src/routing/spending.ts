import type { Call } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { Problem } from '../domain/errors.ts';
import { decideDeferral, type DeferralCandidate, type OverBudgetChoice } from './deferral/deferral.ts';
import type { SpendPace } from './deferral/spend-pace.ts';

/** The money of a policy for asking the reference, and what is done when it does not reach. */
export interface Spending {
  /** What becomes of an item that the small judges have seen; waits where the policy says so. */
  consider(candidate: Omit<DeferralCandidate, 'remainingMs' | 'samplingScore'>, call: Call): Promise<Spend>;
  /** The reference's judgment cost this much more (or less) than was taken out for it. */
  settle(differenceNanoUsd: number): void;
  /** The balance over one period's money: 1 all saved up, 0 on pace, -1 all owed. */
  level(): number;
}

export type Spend =
  | { readonly action: 'accept' | 'release'; readonly reason: string }
  | { readonly action: 'escalate'; readonly inclusion: number; readonly reason: string }
  | { readonly action: 'stop'; readonly inclusion: number; readonly problem: Problem };

export interface SpendingOptions {
  readonly pace: SpendPace;
  readonly choice: OverBudgetChoice;
  readonly clock: Clock;
  readonly random: Random;
}

export function createSpending({ pace, choice, clock, random }: SpendingOptions): Spending {
  return {
    async consider(candidate, call) {
      for (;;) {
        const remainingMs = Math.max(0, call.deadline - clock.monotonic());
        const asked = { ...candidate, remainingMs, samplingScore: wantedness(candidate.wrong) };
        const decision = decideDeferral(asked, pace, choice, random);
        if (decision.action === 'wait') {
          if (await isAbortedWithin(decision.ms, call, clock))
            return stopped('over_budget', decision.reason, 1);
          continue;
        }
        if (decision.action === 'refuse') return stopped('over_budget', decision.reason, 1);
        if (decision.action === 'drop') return stopped('not_sampled', decision.reason, decision.inclusion);
        return decision;
      }
    },
    settle: (difference) => pace.charge(difference),
    level: () => pace.level(),
  };
}

/** Labels that nobody is sure of teach the most (uncertainty sampling); none is without any chance. */
function wantedness(wrong: number): number {
  return Math.min(1, Math.max(0.05, 2 * Math.min(wrong, 1 - wrong)));
}

function stopped(code: Problem['code'], message: string, inclusion: number): Spend {
  return { action: 'stop', inclusion, problem: { code, message, param: null } };
}

/** Resolves with true at once when the caller leaves, with false after `ms`. */
function isAbortedWithin(ms: number, { signal }: Call, clock: Clock): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (aborted: boolean): void => {
      stop();
      signal.removeEventListener('abort', onAbort);
      resolve(aborted);
    };
    const onAbort = (): void => end(true);
    const stop = clock.after(ms, () => end(false));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
