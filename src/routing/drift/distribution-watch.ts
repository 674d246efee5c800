import { kolmogorovSmirnov, populationStabilityIndex } from '../../statistics/quantile.ts';
import { createRing } from '../difficulty/ring.ts';

/**
 * Whether newer values still come from the distribution of the ones before, such as live scores from that of a
 * certificate's items: a certificate speaks for traffic like that which made it.
 */
export interface DistributionWatch {
  /** Takes a value; tells a shift when this one made it plain. Looks once in 100 values, at the newest 500. */
  observe(value: number): DistributionShift | null;
}

/** A distribution that no longer looks as it did. */
export interface DistributionShift {
  /** Population stability index of the newest values against the first. */
  readonly psi: number;
  /** Largest gap between the two distribution functions, in [0, 1] (Kolmogorov and Smirnov). */
  readonly gap: number;
}

const WINDOW = 500;
const EVERY = 100;
/** By custom a PSI of .25 is a shift. */
const LEAST_PSI = 0.25;
const LEAST_GAP = 0.15;
/** Chance of each limit at one look at unmoved values. */
const PER_LOOK = 1e-4;
/** Upper PER_LOOK quantile of chi-square with 9 degrees of freedom: n m / (n + m) times the PSI of ten bins is nearly that. */
const CHI_SQUARE = 33.72;

/** `reference`: the values before; none: the first 500 that come. */
export function createDistributionWatch(reference: readonly number[] = []): DistributionWatch {
  const before = [...reference];
  const wanted = reference.length > 0 ? reference.length : WINDOW;
  const newest = createRing<number>(WINDOW);
  let untilLook = EVERY;
  const look = (): DistributionShift | null => {
    const now = newest.values();
    const psi = populationStabilityIndex(before, now);
    const gap = kolmogorovSmirnov(before, now);
    const rarity = 1 / before.length + 1 / now.length;
    const isShift =
      psi >= Math.max(LEAST_PSI, CHI_SQUARE * rarity) ||
      // Massart's constant: P(gap >= e) <= 2 exp(-2 e^2 nm/(n + m)).
      gap >= Math.max(LEAST_GAP, Math.sqrt((Math.log(2 / PER_LOOK) / 2) * rarity));
    return isShift ? { psi, gap } : null;
  };
  return {
    observe(value) {
      if (before.length < wanted) {
        before.push(value);
        return null;
      }
      newest.add(value);
      untilLook -= 1;
      if (untilLook > 0 || newest.size < WINDOW) return null;
      untilLook = EVERY;
      return look();
    },
  };
}
