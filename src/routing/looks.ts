import type { CertificateTarget } from '../contracts/certificate.ts';
import { minimumItems } from '../statistics/binomial.ts';

/**
 * When a lane tries for a certificate. Looking again and again at growing data finds a lucky moment sooner
 * or later, so looks come at doubling sizes and look j may spend only delta / 2^j: over all looks together
 * at most delta.
 */
export interface Looks {
  /** Observations needed for the next look. */
  next(): number;
  /** Takes the look: how many share 1 - confidence with it. */
  take(): { readonly sharedBy: number };
  /** A look told how many it needs. */
  waitFor(observations: number): void;
  state(): LooksState;
}

/** Looks that were taken, and the observations needed for the next. */
export interface LooksState {
  readonly taken: number;
  readonly next: number;
}

/** Fewer say too little about strata that were never thought of. */
const FIRST_LOOK = 100;

/** `from`: looks of an earlier life, which have spent their share of delta. */
export function createLooks(
  { agreement, confidence }: CertificateTarget,
  sharedBy: number,
  from?: LooksState,
): Looks {
  let taken = from?.taken ?? 0;
  const shares = (): number => sharedBy * 2 ** (taken + 1);
  let next = from?.next ?? Math.max(FIRST_LOOK, minimumItems(1 - agreement, (1 - confidence) / shares()));
  const take = (): { readonly sharedBy: number } => {
    const share = shares();
    taken += 1;
    next *= 2;
    return { sharedBy: share };
  };
  return {
    next: () => next,
    take,
    waitFor(observations) {
      next = Math.max(next, observations);
    },
    state: () => ({ taken, next }),
  };
}
