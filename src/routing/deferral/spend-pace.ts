import type { Clock } from '../../contracts/clock.ts';

/** How much may be spent, and how fast. */
export interface SpendBudget {
  /** Nano-dollars for one window, above 0. */
  readonly nanoUsd: number;
  /** Milliseconds; also how far spending may run ahead of the money. */
  readonly windowMs: number;
  /** Price of an error in nano-dollars while spending is on its pace, above 0. */
  readonly errorNanoUsd: number;
}

/**
 * Money that comes in evenly and goes out in costs. The balance stays between one window's money saved and one owed,
 * as long as nobody spends what is not affordable: so by any time t at most nanoUsd * (t / windowMs + 1) is spent.
 */
export interface SpendPace {
  /** The price of an error now, in nano-dollars: more than the configured one while there is money left over. */
  errorPrice(): number;
  /** Milliseconds until `nanoUsd` may be spent; 0 when it may be now. Infinite for more than a window's money. */
  waitFor(nanoUsd: number): number;
  /** Takes money out; negative gives back what was charged too much. */
  charge(nanoUsd: number): void;
  /** The balance over the window's money: 1 is all saved up, -1 all owed. */
  level(): number;
  snapshot(): PaceState;
}

/** Plain JSON. The time in which nobody ran brings no money. */
export interface PaceState {
  readonly balanceNanoUsd: number;
}

/** An error's price moves by e^8, 3,000 times, between no money owed and one window's money owed or saved. */
const PRICE_GAIN = 8;

/**
 * Dual ascent on the price of an error (as PORT, arXiv 2509.02718, does on its multipliers): its logarithm moves in
 * proportion to money that came in and was not spent. Summed up that is the balance itself, so it is written so.
 */
export function createSpendPace(budget: SpendBudget, clock: Clock, from?: PaceState): SpendPace {
  const perMs = budget.nanoUsd / budget.windowMs;
  let balance = from?.balanceNanoUsd ?? 0;
  let at = clock.monotonic();
  const now = (): number => {
    const time = clock.monotonic();
    balance = Math.min(budget.nanoUsd, balance + (time - at) * perMs);
    at = time;
    return balance;
  };
  const level = (): number => now() / budget.nanoUsd;
  return {
    errorPrice: () => budget.errorNanoUsd * Math.exp(PRICE_GAIN * level()),
    waitFor(nanoUsd) {
      const missing = nanoUsd - budget.nanoUsd - now();
      if (missing <= 0) return 0;
      return nanoUsd > 2 * budget.nanoUsd ? Number.POSITIVE_INFINITY : Math.ceil(missing / perMs);
    },
    charge(nanoUsd) {
      balance = now() - nanoUsd;
    },
    level,
    snapshot: () => ({ balanceNanoUsd: now() }),
  };
}
