import { hash } from 'node:crypto';
import type { LabelFilter, LabelTags } from '../contracts/cache.ts';
import type { RoutingResult } from '../contracts/routing.ts';
import type { Item } from '../domain/item.ts';
import type { AnyJudgment } from '../domain/judgment.ts';

/** Tags of what came of an item: who was asked, by which rubric, for whom. */
export function tagsOf(
  { end, trail }: RoutingResult<AnyJudgment>,
  { rubric }: Item,
  { policy, team }: { readonly policy: string; readonly team: string },
): LabelTags {
  const judges = new Set(trail.map(({ judge }) => judge));
  if (end.type !== 'failed') judges.add(end.judgment.key.id);
  return { judges: [...judges], rubric: rubric?.id ?? null, policy, team: teamTag(team) };
}

/** Tells teams apart without naming them. */
export function teamTag(team: string): string {
  return hash('sha256', `team ${team}`, 'base64url').slice(0, 16);
}

/** A test for labels that have everything that the filter names. */
export function fits({ judge, rubric, policy, team }: LabelFilter): (tags: LabelTags) => boolean {
  const wantedTeam = team === undefined ? undefined : teamTag(team);
  return (tags) =>
    (judge === undefined || tags.judges.includes(judge)) &&
    (rubric === undefined || tags.rubric === rubric) &&
    (policy === undefined || tags.policy === policy) &&
    (wantedTeam === undefined || tags.team === wantedTeam);
}
