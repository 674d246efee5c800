import type { Ranked } from '../../contracts/ranking.ts';
import type { Problem } from '../../domain/errors.ts';
import type { Item } from '../../domain/item.ts';
import type { Cohort } from '../../domain/ranking.ts';

/** Why a candidate of a cohort gets no reward, in words for its caller. */

/** What an item says otherwise than the first one of its group; null when nothing. */
export function differenceOf(first: Item, item: Item): Problem | null {
  const own = sharedParts(first);
  const other = sharedParts(item);
  const different = Object.keys(own).filter((name) => own[name] !== other[name]);
  if (different.length === 0) return null;
  const cohort = nameOf(item.wishes?.cohort);
  return invalid(`${cohort}: ${different.join(' and ')} must be as in its first item`);
}

/** What all items of a group have in common, by the names of its fields. */
function sharedParts({ prompt, rubric, wishes = {} }: Item): Readonly<Record<string, unknown>> {
  return {
    prompt: JSON.stringify(prompt),
    rubric: JSON.stringify(rubric),
    'cohort.size': wishes.cohort?.size,
    method: wishes.method,
    comparisons: wishes.comparisons,
  };
}

export function invalidMember(cohort: Cohort, id: string): Problem {
  return invalid(`${nameOf(cohort)}: the item "${id}" came before with another candidate`);
}

export function lateMember(cohort: Cohort, came: number): Problem {
  const why = came === cohort.size ? 'is complete' : `was closed with ${came} of ${cohort.size} candidates`;
  return invalid(`${nameOf(cohort)} ${why}; take another id for another group`);
}

export function missingMembers(cohort: Cohort, came: number): Problem {
  const message = `${nameOf(cohort)}: only ${came} of ${cohort.size} candidates came in time`;
  return { code: 'deadline_exceeded', message, param: null };
}

export function failedRank(problem: Problem): Ranked {
  return { end: { type: 'failed', problem }, trail: [], notes: [], cached: false };
}

function nameOf(cohort: Cohort | undefined): string {
  return `cohort "${cohort?.id ?? ''}"`;
}

function invalid(message: string): Problem {
  return { code: 'invalid_request', message, param: 'cohort' };
}
