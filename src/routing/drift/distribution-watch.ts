import { kolmogorovSmirnov, populationStabilityIndex } from '../../statistics/quantile.ts';
import { createRing } from '../difficulty/ring.ts';

/** What is watched of every judgment of a lane; each in [0, 1]. */
export const WATCHED = ['confidence', 'difficulty', 'position_inconsistent', 'label_mass'] as const;
export type Watched = (typeof WATCHED)[number];

/** A distribution that no longer looks as it did: worth a look, no proof of harm. */
export interface DistributionShift {
  readonly watched: Watched;
  /** Population stability index of the newest 500 values against the first 500. */
  readonly psi: number;
  /** Largest gap between the two distribution functions; for a rate, how far it moved. */
  readonly gap: number;
}

/** Compares the newest values with the first ones, every 100 values; tells a shift once, until it is over. */
export interface DistributionWatch {
  observe(value: number): DistributionShift | null;
  state(): WatchState;
}

/** Plain JSON. */
export interface WatchState {
  readonly reference: readonly number[];
  readonly newest: readonly number[];
  readonly shifted: boolean;
}

const WINDOW = 500;
const EVERY = 100;
/** By custom .25 is a shift; a gap of .15 between two windows of 500 comes by chance once in 40,000 looks. */
const LEAST_PSI = 0.25;
const LEAST_GAP = 0.15;

export function createDistributionWatch(
  watched: Watched,
  from: WatchState = { reference: [], newest: [], shifted: false },
): DistributionWatch {
  const reference = [...from.reference];
  const newest = createRing<number>(WINDOW);
  for (const value of from.newest) newest.add(value);
  let { shifted } = from;
  let untilLook = EVERY;
  const look = (): DistributionShift | null => {
    const now = newest.values();
    const psi = populationStabilityIndex(reference, now);
    const gap = kolmogorovSmirnov(reference, now);
    const before = shifted;
    // Over only well below where it began, or noise at the limit would tell it again and again.
    const scale = before ? 0.5 : 1;
    shifted = psi >= LEAST_PSI * scale || gap >= LEAST_GAP * scale;
    return shifted && !before ? { watched, psi, gap } : null;
  };
  return {
    observe(value) {
      if (reference.length < WINDOW) {
        reference.push(value);
        return null;
      }
      newest.add(value);
      untilLook -= 1;
      if (untilLook > 0 || newest.size < WINDOW) return null;
      untilLook = EVERY;
      return look();
    },
    state: () => ({ reference: [...reference], newest: newest.values(), shifted }),
  };
}
