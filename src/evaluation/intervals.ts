import type { Resampling } from '../contracts/evaluation.ts';
import type { Interval } from '../statistics/binomial.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';

/** Rows that know their prompt, so that resampling keeps the rows of one prompt together. */
export interface Grouped {
  readonly group: string;
}

/** Figures with their 95 % interval; null where there are no rows or the figure is undefined on them. */
export type Estimator = <Row extends Grouped>(
  rows: readonly Row[],
  statistic: (rows: readonly Row[]) => number,
) => Interval | null;

/** Percentile bootstrap over prompts, the same for the same seed. */
export function createEstimator({ resamples, seed }: Resampling): Estimator {
  return (rows, statistic) => {
    if (rows.length === 0) return null;
    const groups = [...Map.groupBy(rows, (row) => row.group).values()];
    const { estimate, low, high } = bootstrapInterval(groups, statistic, { seed, replicates: resamples });
    return [estimate, low, high].every(Number.isFinite) ? { estimate, low, high } : null;
  };
}

/** Share of the rows that fulfil a condition, in [0, 1]; NaN without rows. */
export function shareOf<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let count = 0;
  for (const row of rows) if (holds(row)) count += 1;
  return count / rows.length;
}
