import type { Ranked } from '../../contracts/ranking.ts';
import { abortProblem, type Problem } from '../../domain/errors.ts';
import type { RankingResult } from '../../domain/ranking.ts';
import type { Flag } from '../../domain/verdict.ts';
import { fitBradleyTerry, type Strengths } from '../../statistics/bradley-terry.ts';
import { at } from '../../statistics/linear.ts';
import { expectedOrder } from '../../statistics/pair-choice.ts';
import { midranks } from '../../statistics/ranking.ts';
import { isLinked, type Plan } from './comparison-plan.ts';
import { type Comparisons, nameOf } from './comparisons.ts';

/** Compared candidates: positions of equal texts stand together, as they are one candidate and need no comparison. */
export type Groups = readonly (readonly number[])[];

/** Positions of equal texts together: they are one candidate, and need no comparison. */
export function groupsOf(candidates: readonly string[]): number[][] {
  return [...Map.groupBy(candidates.keys(), (position) => candidates[position])].map(([, places]) => places);
}

/** What the comparisons say together: rewards, or why there are none. */
export function conclude(
  plan: Plan,
  comparisons: Comparisons,
  { groups, signal }: { readonly groups: Groups; readonly signal: AbortSignal },
): Ranked['end'] {
  const problem = problemOf(plan.size, comparisons, signal);
  if (problem !== null) return { type: 'failed', problem };
  const fit = fitBradleyTerry(plan.size, comparisons.judged);
  const result = resultOf(fit, groups, { plan, comparisons });
  return { type: 'ranked', result, flags: flagsOf(comparisons) };
}

/** One clause for each comparison that gave nothing. */
export function failuresOf(comparisons: Comparisons, positions: readonly number[]): string[] {
  return comparisons.failed.map(
    ({ pair, problem }) => `${nameOf({ positions }, pair)}: ${problem?.message ?? 'the judges abstained'}`,
  );
}

/** Why there are no rewards; null when there are. */
function problemOf(size: number, comparisons: Comparisons, signal: AbortSignal): Problem | null {
  if (signal.aborted) return abortProblem(signal.reason);
  if (isLinked(size, comparisons)) return null;
  const cause = comparisons.failed.find(({ problem }) => problem !== null)?.problem;
  const lost = `${comparisons.failed.length} comparisons gave no label, and the others do not link all candidates`;
  if (cause === undefined || cause === null) return { code: 'unparseable', message: lost, param: null };
  return { ...cause, message: `${lost}: ${cause.message}` };
}

function resultOf(
  fit: Strengths,
  groups: Groups,
  { plan, comparisons }: { readonly plan: Plan; readonly comparisons: Comparisons },
): RankingResult {
  const size = groups.reduce((sum, group) => sum + group.length, 0);
  const placeOf = new Map(groups.flatMap((group, place) => group.map((position) => [position, place])));
  const all = Array.from({ length: size }, (_, position) => placeOf.get(position) ?? 0);
  const strengths = all.map((place) => at(fit.strengths, place));
  const mean = strengths.reduce((sum, strength) => sum + strength, 0) / size;
  const rewards = strengths.map((strength) => strength - mean);
  return {
    rewards,
    standardErrors: all.map((place) => Math.sqrt(Math.max(0, at(fit.covariance, place * (plan.size + 1))))),
    order: all.map((_, position) => position).toSorted((one, other) => at(rewards, other) - at(rewards, one)),
    ranks: midranks(rewards.map((reward) => -reward)),
    comparisons: {
      judged: comparisons.judged.length,
      failed: comparisons.failed.length,
      possible: (plan.size * (plan.size - 1)) / 2,
    },
    certainty: expectedOrder(fit),
    method: plan.method,
  };
}

function flagsOf(comparisons: Comparisons): Flag[] {
  const flags: Flag[] = [];
  if (comparisons.isUncertified) flags.push('uncertified');
  if (comparisons.failed.length > 0) flags.push('incomplete');
  return flags;
}
