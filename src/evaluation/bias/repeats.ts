import type { JudgedItem } from '../../contracts/evaluation.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { mean } from '../../statistics/moments.ts';
import { labelOfOpinion } from '../answer.ts';
import type { Estimator, Grouped } from '../intervals.ts';

/** How often a judge contradicts itself when it is asked the same again. */
export interface RepeatFlips {
  /** Times that each item was asked. */
  readonly runs: number;
  /** Items that were judged in every run. */
  readonly items: number;
  /** P(two runs give an item different labels); labels of both orders averaged. */
  readonly flips: Interval | null;
  /** Mean |difference of P(a)| of two runs. */
  readonly difference: Interval | null;
}

interface Row extends Grouped {
  readonly flips: number;
  readonly difference: number;
}

/** `runs`: the same items in the same order, with what was said that time. Null for fewer than two. */
export function repeatFlips(
  runs: readonly (readonly JudgedItem[])[],
  judge: string,
  estimate: Estimator,
): RepeatFlips | null {
  const [first = []] = runs;
  if (runs.length < 2) return null;
  const rows = first.flatMap(({ group }, index): Row[] => {
    const said = runs.flatMap((run) => run[index]?.opinions.get(judge) ?? []);
    if (said.length < runs.length) return [];
    const labels = said.map((opinion) => labelOfOpinion(opinion) ?? 'none');
    const shares = said.map(({ judgment }) => judgment.probabilities.a);
    return [
      {
        group,
        flips: overPairs(labels, (one, other) => (one === other ? 0 : 1)),
        difference: overPairs(shares, (one, other) => Math.abs(one - other)),
      },
    ];
  });
  return {
    runs: runs.length,
    items: rows.length,
    flips: estimate(rows, (some) => mean(some.map((row) => row.flips))),
    difference: estimate(rows, (some) => mean(some.map((row) => row.difference))),
  };
}

/** Mean over all pairs of two or more values. */
function overPairs<T>(values: readonly T[], distance: (one: T, other: T) => number): number {
  return mean(values.flatMap((one, i) => values.slice(i + 1).map((other) => distance(one, other))));
}
