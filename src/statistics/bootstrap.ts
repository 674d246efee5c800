import type { Interval } from './binomial.ts';
import { quantileOfSorted } from './quantile.ts';
import { createSeededRandom } from './random.ts';
import type { SeededRandom } from './random.ts';
import { normalCdf, normalQuantile } from './special.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** Number of resamples, 1 to 100,000; 1,000 unless told. */
  readonly replicates?: number;
  /** Two-sided; 0.95 unless told. */
  readonly level?: number;
  /** `bca` corrects for bias and skew (Efron 1987) at the price of one evaluation for each group. */
  readonly method?: 'percentile' | 'bca';
}

export interface BootstrapInterval extends Interval {
  /** Resamples whose statistic was no finite number (as AUROC with one class); they are left out. */
  readonly undefinedReplicates: number;
}

/**
 * A bootstrap interval of any statistic, resampling whole groups: rows of one prompt stand or fall together, so that
 * repeated prompts do not make an interval too narrow. `[...Map.groupBy(rows, promptOf).values()]` makes the groups.
 *
 * The interval is NaN when no resample has a finite statistic.
 */
export function bootstrapInterval<T>(
  groups: readonly (readonly T[])[],
  statistic: (rows: readonly T[]) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const replicates = options.replicates ?? 1000;
  if (!(replicates >= 1 && replicates <= 100_000)) throw new RangeError('1 to 100,000 resamples');
  if (groups.length === 0) throw new RangeError('there is nothing to resample');
  const random = createSeededRandom(options.seed);
  const estimate = statistic(groups.flat());
  const all = Float64Array.from({ length: replicates }, () => statistic(resample(groups, random)));
  const rising = all.filter(Number.isFinite).toSorted();
  const tail = (1 - (options.level ?? 0.95)) / 2;
  const shift =
    options.method === 'bca' ? correction(groups, statistic, estimate, rising) : { bias: 0, skew: 0 };
  return {
    estimate,
    low: quantileOfSorted(rising, corrected(tail, shift)),
    high: quantileOfSorted(rising, corrected(1 - tail, shift)),
    undefinedReplicates: replicates - rising.length,
  };
}

function resample<T>(groups: readonly (readonly T[])[], random: SeededRandom): T[] {
  const rows: T[] = [];
  for (let draw = 0; draw < groups.length; draw += 1) {
    for (const row of groups[random.integer(groups.length)] ?? []) rows.push(row);
  }
  return rows;
}

/** Efron's z0 (`bias`) and acceleration (`skew`, from the jackknife over groups). */
interface Correction {
  readonly bias: number;
  readonly skew: number;
}

function correction<T>(
  groups: readonly (readonly T[])[],
  statistic: (rows: readonly T[]) => number,
  estimate: number,
  rising: Float64Array,
): Correction {
  const below = rising.filter((value) => value < estimate).length;
  const equal = rising.filter((value) => value === estimate).length;
  // Statistics of counts repeat; the half of the equal ones keeps them from looking biased.
  const share = (below + equal / 2 + 0.5) / (rising.length + 1);
  const left = groups.map((_, out) => statistic(groups.filter((_group, i) => i !== out).flat()));
  const kept = left.filter(Number.isFinite);
  const centre = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const squares = kept.reduce((sum, value) => sum + (centre - value) ** 2, 0);
  const cubes = kept.reduce((sum, value) => sum + (centre - value) ** 3, 0);
  return { bias: normalQuantile(share), skew: squares > 0 ? cubes / (6 * squares ** 1.5) : 0 };
}

function corrected(p: number, { bias, skew }: Correction): number {
  if (bias === 0 && skew === 0) return p;
  const z = bias + normalQuantile(p);
  return normalCdf(bias + z / (1 - skew * z));
}
