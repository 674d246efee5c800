import { hashOf } from '../../domain/text-hash.ts';
import { coinOf } from '../../statistics/inclusion.ts';
import {
  drawPair,
  pairChances,
  type PairMethod,
  type RewardEstimate,
  withExploration,
} from '../../statistics/response-pair.ts';
import type { ValidRow } from '../label/input.ts';
import { otherColumns, type RowProblem } from '../label/item.ts';
import { madeUpId } from '../label/row.ts';
import { readRewards } from './rewards.ts';

export interface PairTask {
  readonly method: PairMethod;
  /** Standard deviations from a mean reward to its bounds. */
  readonly width: number;
  /** Share of the prompts whose pair is drawn evenly, in [0, 1]. */
  readonly explore: number;
  readonly seed: number;
}

export type ChosenPair =
  | { readonly ok: true; readonly item: object; readonly gap: number }
  | { readonly ok: false; readonly problem: RowProblem };

/**
 * The pair of a row's candidates that is worth comparing, as a row for `assay label`, in the order of the input:
 * no judge sees which of them is thought the better. The coin comes from the row's content and the seed.
 */
export function choosePair(row: ValidRow, task: PairTask): ChosenPair {
  const { item, line, digest } = row;
  const read = readRewards(item);
  if (!read.ok) return read;
  const distinct = firstOfEach(item.candidates);
  if (distinct.length < 2) {
    return { ok: false, problem: { message: 'candidates are all the same text', param: 'candidates' } };
  }
  const rewards = distinct.map((position) => read.rewards[position] ?? UNKNOWN);
  const chances = withExploration(pairChances(task.method, rewards, task.width), task.explore);
  const { pair, probability } = drawPair(chances, coinOf(hashOf(digest), task.seed));
  const of = <T>(values: readonly T[]): T[] => pair.flatMap((place) => values[place] ?? []);
  const positions = of(distinct);
  const gap = Math.abs((rewards[pair[0]] ?? UNKNOWN).mean - (rewards[pair[1]] ?? UNKNOWN).mean);
  return {
    ok: true,
    gap,
    item: {
      id: item.id ?? madeUpId(line),
      prompt: item.prompt,
      candidates: positions.flatMap((position) => item.candidates[position] ?? []),
      ...(item.rubric === null ? {} : { rubric: item.rubric }),
      ...inclusionOf(task, (item.inclusion ?? 1) * probability),
      metadata: {
        ...item.asks,
        ...otherColumns(item.metadata, ['rewards']),
        pair: { ...task, candidates: item.candidates.length, positions, rewards: of(rewards), probability },
      },
    },
  };
}

/** Of a response without an estimate; every row with one was refused before. */
const UNKNOWN: RewardEstimate = { mean: Number.NaN, sd: Number.NaN };

/** Positions of the texts that no earlier candidate has. */
function firstOfEach(candidates: readonly string[]): number[] {
  return candidates.flatMap((text, position) => (candidates.indexOf(text) === position ? [position] : []));
}

/** A weight of 1 / probability needs other pairs that could have been chosen: DeltaUCB alone has none. */
function inclusionOf({ method, explore }: PairTask, probability: number): object {
  return method === 'deltaucb' && explore === 0 ? {} : { inclusion_probability: probability };
}
