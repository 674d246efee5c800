import type { Call } from '../contracts/call.ts';
import type { CohortBook, CohortRules, Ranker } from '../contracts/ranking.ts';
import type { Router } from '../contracts/routing.ts';
import type { Constitution } from '../domain/constitution.ts';
import type { CritiqueJudgment } from '../domain/critique.ts';
import type { Item } from '../domain/item.ts';
import type { Rubric } from '../domain/rubric.ts';
import type { ScoreJudgment } from '../domain/score.ts';
import type { Verdict } from '../domain/verdict.ts';
import { critiqueVerdict, type Heading, preferenceVerdict, rankingVerdict, scoreVerdict } from './verdict.ts';

/** Gives one kind of feedback for one item. May throw for defects alone. */
export type TaskRunner = (heading: Heading, item: Item, call: Call) => Promise<Verdict>;

export function preferenceRunner(router: Router): TaskRunner {
  return async (heading, item, call) =>
    preferenceVerdict(heading, await router.route(item, call, heading.id));
}

/** `rubric` is for items that name none; undefined leaves them to the judge's general one. */
export function scoreRunner(router: Router<ScoreJudgment>, rubric: Rubric | undefined): TaskRunner {
  return async (heading, item, call) => {
    const asked = item.rubric === undefined && rubric !== undefined ? { ...item, rubric } : item;
    return scoreVerdict(heading, await router.route(asked, call, heading.id));
  };
}

export interface RankingParts {
  readonly ranker: Ranker;
  /** For items that bring one candidate of a group. */
  readonly cohorts: CohortBook;
  readonly rules: CohortRules;
}

export function rankingRunner({ ranker, cohorts, rules }: RankingParts): TaskRunner {
  return async (heading, item, call) => {
    const { id: verdictId } = heading;
    if (item.wishes?.cohort === undefined) {
      return rankingVerdict(heading, await ranker.rank(item, call, verdictId));
    }
    return rankingVerdict(heading, await cohorts.join({ item, verdictId, rules }, call));
  };
}

/** What is asked of items that do not say it themselves. */
export interface CritiqueDefaults {
  readonly constitution: Constitution | undefined;
  /** Rounds of revising. */
  readonly revise: number;
  readonly evidence: boolean;
}

/** `fewest` is 1 where the task itself is to revise. The verdict's task tells which of the two it was. */
export function critiqueRunner(
  router: Router<CritiqueJudgment>,
  defaults: CritiqueDefaults,
  fewest: 0 | 1,
): TaskRunner {
  return async (heading, item, call) => {
    const wishes = { ...defaults, ...item.wishes };
    const revise = Math.max(fewest, wishes.revise);
    const { constitution, ...rest } = wishes;
    const asked: Item = {
      ...item,
      wishes: { ...rest, revise, ...(constitution === undefined ? {} : { constitution }) },
    };
    const task = revise > 0 ? 'revision' : 'critique';
    return critiqueVerdict({ ...heading, task }, await router.route(asked, call, heading.id));
  };
}
