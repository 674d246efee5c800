import type { JudgedItem, JudgeIdentity, Opinion } from '../contracts/evaluation.ts';
import { isPositionInconsistent, labelOf, type OrderReading } from '../domain/preference.ts';
import type { Label } from '../domain/verdict.ts';
import type { Interval } from '../statistics/binomial.ts';
import { quantiles } from '../statistics/quantile.ts';
import { labelOfOpinion, longerOf } from './answer.ts';
import { type Estimator, type Grouped, shareOf } from './intervals.ts';

/** How one judge behaves over the items, whoever is right. */
export interface JudgeProfile {
  readonly name: string;
  readonly identity: JudgeIdentity | null;
  /** Items that it gave a judgment for. */
  readonly judged: number;
  /** Share of items with the same label in both orders; null where single orders are not known. */
  readonly swapConsistency: Interval | null;
  /** Share that names the same slot in both orders: the position decided, not the answers. */
  readonly samePosition: Interval | null;
  /** Of those, the share that names the slot shown first. */
  readonly firstOfSame: Interval | null;
  readonly tieRate: Interval | null;
  /** P(prefers the longer response) among items with a label a or b and unequal lengths. */
  readonly prefersLonger: Interval | null;
  /** That minus the share of the same items whose true label is the longer one; null where no truth is known. */
  readonly lengthBias: Interval | null;
  /** Nano-dollars for one judgment; null when unknown. */
  readonly nanoUsd: number | null;
  /** Milliseconds, [median, 95 % quantile]; null when unknown. */
  readonly latency: readonly [number, number] | null;
  /** Mean tokens for one judgment; null when unknown. */
  readonly tokens: { readonly input: number; readonly cached: number; readonly output: number } | null;
}

interface Row extends Grouped {
  readonly item: JudgedItem;
  readonly opinion: Opinion;
}

/** `truthOf` is whom a length bias is measured against. */
export function profileJudge(
  items: readonly JudgedItem[],
  name: string,
  estimate: Estimator,
  truthOf: (item: JudgedItem) => Label | null = () => null,
): JudgeProfile {
  const rows = items.flatMap((item): Row[] => {
    const opinion = item.opinions.get(name);
    return opinion === undefined ? [] : [{ group: item.group, item, opinion }];
  });
  const both = rows.filter((row) => row.opinion.judgment.readings.length > 1);
  const stuck = both.filter((row) => slotOf(row) !== null);
  const lengths = rows.filter((row) => longerOf(row.item) !== null && isSide(row));
  const known = lengths.filter((row) => ['a', 'b'].includes(truthOf(row.item) ?? 'none'));
  return {
    name,
    identity: rows.find((row) => row.opinion.identity !== null)?.opinion.identity ?? null,
    judged: rows.length,
    swapConsistency: estimate(both, (some) =>
      shareOf(some, (row) => !isPositionInconsistent(row.opinion.judgment.readings)),
    ),
    samePosition: estimate(both, (some) => shareOf(some, (row) => slotOf(row) !== null)),
    firstOfSame: estimate(stuck, (some) => shareOf(some, (row) => slotOf(row) === 'first')),
    tieRate: estimate(rows, (some) => shareOf(some, (row) => labelOfOpinion(row.opinion) === 'tie')),
    prefersLonger: estimate(lengths, (some) => shareOf(some, prefersLonger)),
    lengthBias: estimate(known, (some) => {
      const wanted = shareOf(some, (row) => truthOf(row.item) === longerOf(row.item));
      return shareOf(some, prefersLonger) - wanted;
    }),
    nanoUsd: meanOf(rows.map((row) => row.opinion.nanoUsd)),
    latency: latencyOf(rows.map((row) => row.opinion.ms)),
    tokens: tokensOf(rows),
  };
}

/** The slot that both orders name; null when they name different slots or a tie. */
function slotOf({ opinion }: Row): 'first' | 'second' | null {
  const [one, other] = opinion.judgment.readings.map(slotOfReading);
  return one !== undefined && one !== null && one === other ? one : null;
}

function slotOfReading({ order, probabilities }: OrderReading): 'first' | 'second' | null {
  const label = labelOf(probabilities);
  if (label === null || label === 'tie') return null;
  return (label === 'a') === (order === 'ab') ? 'first' : 'second';
}

function prefersLonger({ item, opinion }: Row): boolean {
  return labelOfOpinion(opinion) === longerOf(item);
}

function isSide({ opinion }: Row): boolean {
  const label = labelOfOpinion(opinion);
  return label === 'a' || label === 'b';
}

/** Median and 95 % quantile of the known times, in milliseconds. */
export function latencyOf(times: readonly (number | null)[]): readonly [number, number] | null {
  const known = times.filter((ms) => ms !== null);
  if (known.length === 0) return null;
  const [median = 0, high = 0] = quantiles(known, [0.5, 0.95]);
  return [median, high];
}

/** Mean of values that are all known; null otherwise. */
export function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return values.length === 0 ? null : sum / values.length;
}

function tokensOf(rows: readonly Row[]): JudgeProfile['tokens'] {
  const usages = rows.map((row) => row.opinion.usage);
  const input = meanOf(usages.map((usage) => usage?.inputTokens ?? null));
  const cached = meanOf(usages.map((usage) => usage?.cachedInputTokens ?? null));
  const output = meanOf(usages.map((usage) => usage?.outputTokens ?? null));
  return input === null || cached === null || output === null ? null : { input, cached, output };
}
