import type { Clock } from '../../contracts/clock.ts';
import type { CohortBook } from '../../contracts/ranking.ts';
import type { Problem } from '../../domain/errors.ts';
import { RankedCohort } from './cohort.ts';
import { failedRank } from './cohort-problems.ts';

/**
 * The groups of one gateway whose candidates come one by one, by team, policy and id. Bounded: a team with too
 * many open groups is told so. A group that ended is found again for a while, for items that come twice.
 */
export function createCohortBook(clock: Clock): CohortBook {
  const open = new Map<string, RankedCohort>();
  const openOf = new Map<string, number>();
  const kept = new Map<string, RankedCohort>();

  const keep = (key: string, cohort: RankedCohort): void => {
    kept.set(key, cohort);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    clock.after(KEPT_MS, () => {
      if (kept.get(key) === cohort) kept.delete(key);
    });
  };

  return {
    join(member, call) {
      const { team } = call;
      const key = JSON.stringify([team, member.rules.policy, member.item.wishes?.cohort?.id]);
      const known = open.get(key) ?? kept.get(key);
      if (known !== undefined) return known.join(member, call);
      const count = openOf.get(team) ?? 0;
      if (count >= MOST_OPEN) return Promise.resolve(failedRank(TOO_MANY));
      const cohort = new RankedCohort(member, call, {
        clock,
        onEnd(isKept) {
          if (open.get(key) === cohort) open.delete(key);
          const left = (openOf.get(team) ?? 1) - 1;
          if (left === 0) openOf.delete(team);
          else openOf.set(team, left);
          if (isKept) keep(key, cohort);
        },
      });
      open.set(key, cohort);
      openOf.set(team, count + 1);
      return cohort.join(member, call);
    },
  };
}

/** Open groups of one team: each holds at least one waiting call. */
const MOST_OPEN = 1_024;
/** Groups that ended and are found again, and for how long. */
const MOST_KEPT = 4_096;
const KEPT_MS = 300_000;

const TOO_MANY: Problem = {
  code: 'overloaded',
  message: `the team has ${MOST_OPEN} open cohorts; let some of them end`,
  param: null,
};
