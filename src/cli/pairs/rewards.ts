import { z } from 'zod';
import { mean, variance } from '../../statistics/moments.ts';
import type { RewardEstimate } from '../../statistics/response-pair.ts';
import type { InputItem, RowProblem } from '../label/item.ts';

/** Ends that leave room for every sum and difference. */
const number = z.number({ error: 'must be a number' }).min(-1e12, 'is too low').max(1e12, 'is too high');

const scores = z
  .array(number)
  .min(2, 'needs two scores or more, or {"mean", "sd"}: one score does not tell how sure it is')
  .transform((values) => ({ mean: mean(values), sd: Math.sqrt(variance(values)) }));

const estimate = z.strictObject({ mean: number, sd: number.min(0, 'must not be below 0') });

const rewardSchema = z.union([scores, estimate], {
  error: 'must be a list of two scores or more, or {"mean", "sd"} with numbers, sd 0 or more',
});

const rewardsSchema = z.array(rewardSchema, {
  error: 'must be a list with one entry for each candidate: [score, score, …] or {"mean", "sd"}',
});

type ReadRewards =
  | { readonly ok: true; readonly rewards: readonly RewardEstimate[] }
  | { readonly ok: false; readonly problem: RowProblem };

/** What the column `rewards` says of each candidate; all that is wrong with it in one message. */
export function readRewards({ candidates, metadata }: InputItem): ReadRewards {
  const read = rewardsSchema.safeParse(metadata['rewards']);
  if (!read.success) {
    return refuse(read.error.issues.map(({ path, message }) => `${placeOf(path)} ${message}`).join('; '));
  }
  if (read.data.length !== candidates.length) {
    return refuse(`rewards has ${read.data.length} entries for ${candidates.length} candidates`);
  }
  return { ok: true, rewards: read.data };
}

function placeOf([entry]: readonly PropertyKey[]): string {
  return entry === undefined ? 'rewards' : `rewards[${String(entry)}]`;
}

function refuse(message: string): ReadRewards {
  return { ok: false, problem: { message, param: 'rewards' } };
}
