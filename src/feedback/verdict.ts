import type { RoutingResult } from '../contracts/routing.ts';
import { addCosts, NO_COST } from '../domain/cost.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import { outcomeOf } from '../domain/outcome.ts';
import { labelOf } from '../domain/preference.ts';
import type { Flag, Verdict } from '../domain/verdict.ts';

/** Parts of a verdict that are the same whatever happened. */
interface Heading {
  readonly id: string;
  readonly itemId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The verdict of an item that was never judged. */
export function unjudgedVerdict(heading: Heading, problem: Problem): Verdict {
  return {
    ...heading,
    task: 'preference',
    outcome: outcomeOf(problem.code),
    label: null,
    probabilities: null,
    confidence: null,
    certificate: null,
    difficulty: null,
    tier: null,
    cached: false,
    cache: null,
    cost: NO_COST,
    inclusionProbability: 1,
    flags: [],
    trail: [],
    decisions: [],
    problem,
  };
}

/** The verdict of an item that went through the tiers. */
export function verdictOf(id: string, item: Item, routed: RoutingResult): Verdict {
  const { end, trail, decisions, difficulty, inclusion: inclusionProbability, reuse: cache = null } = routed;
  const heading = { id, itemId: item.id, metadata: item.metadata };
  const cost = addCosts(trail.map((entry) => entry.cost));
  if (end.type === 'failed') {
    return {
      ...unjudgedVerdict(heading, end.problem),
      cache,
      cost,
      trail,
      decisions,
      difficulty,
      inclusionProbability,
    };
  }
  const { judgment, tier } = end;
  const label = end.type === 'accepted' ? labelOf(judgment.probabilities) : null;
  const certificate = end.type === 'accepted' ? end.certificate : null;
  const flags: Flag[] = [...judgment.flags];
  if (label !== null && end.type === 'accepted' && end.basis === 'threshold') flags.push('uncertified');
  return {
    ...heading,
    task: 'preference',
    outcome: label === null ? 'abstained' : label === 'tie' ? 'tie' : 'ok',
    label,
    probabilities: judgment.probabilities,
    confidence: judgment.confidence,
    certificate,
    difficulty,
    tier,
    cached: cache === 'exact' || cache === 'flipped',
    cache,
    cost,
    inclusionProbability,
    flags,
    trail,
    decisions,
    problem: null,
  };
}
