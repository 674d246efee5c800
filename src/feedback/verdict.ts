import type { Ranked } from '../contracts/ranking.ts';
import type { RoutingEnd, RoutingResult } from '../contracts/routing.ts';
import { addCosts, NO_COST } from '../domain/cost.ts';
import type { CritiqueJudgment } from '../domain/critique.ts';
import type { Problem } from '../domain/errors.ts';
import type { AnyJudgment } from '../domain/judgment.ts';
import { outcomeOf } from '../domain/outcome.ts';
import { labelOf } from '../domain/preference.ts';
import type { ScoreJudgment } from '../domain/score.ts';
import { type Flag, isFromStore, type Verdict } from '../domain/verdict.ts';

/** Parts of a verdict that are the same whatever happened. */
export type Heading = Pick<Verdict, 'id' | 'itemId' | 'task' | 'metadata'>;

/** What a verdict says where there is nothing to say. */
const BLANK = {
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
} as const;

/** The verdict of an item that was never judged. */
export function unjudgedVerdict(heading: Heading, problem: Problem): Verdict {
  return { ...heading, ...BLANK, outcome: outcomeOf(problem.code), problem };
}

/** The verdict of a pair that went through the tiers. */
export function preferenceVerdict(heading: Heading, routed: RoutingResult): Verdict {
  return verdictOf(heading, routed, ({ judgment, type }) => {
    const label = type === 'accepted' ? labelOf(judgment.probabilities) : null;
    return {
      outcome: label === null ? 'abstained' : label === 'tie' ? 'tie' : 'ok',
      label,
      probabilities: judgment.probabilities,
      confidence: judgment.confidence,
    };
  });
}

export function scoreVerdict(heading: Heading, routed: RoutingResult<ScoreJudgment>): Verdict {
  return verdictOf(heading, routed, ({ judgment: { score, criteria, confidence }, type }) =>
    type === 'accepted'
      ? { outcome: 'ok', confidence, result: { kind: 'score', score, criteria } }
      : { outcome: 'abstained', confidence },
  );
}

/** An abstention keeps its chain: it cost much, and what is wrong with it is that nobody found it better. */
export function critiqueVerdict(heading: Heading, routed: RoutingResult<CritiqueJudgment>): Verdict {
  return verdictOf(heading, routed, ({ judgment: { steps, improvement }, type }) => ({
    outcome: type === 'accepted' ? 'ok' : 'abstained',
    confidence: improvement,
    result: { kind: 'critique', steps, improvement },
  }));
}

type Judged<J extends AnyJudgment> = Exclude<RoutingEnd<J>, { readonly type: 'failed' }>;

/** What the end says; the rest of a verdict tells how it came to that. */
type Said = Pick<Verdict, 'outcome' | 'confidence'> &
  Partial<Pick<Verdict, 'label' | 'probabilities' | 'result'>>;

function verdictOf<J extends AnyJudgment>(
  heading: Heading,
  routed: RoutingResult<J>,
  say: (end: Judged<J>) => Said,
): Verdict {
  const { end, trail, decisions, difficulty, inclusion: inclusionProbability, reuse: cache = null } = routed;
  const cost = addCosts(trail.map((entry) => entry.cost));
  const history = { cache, cost, trail, decisions, difficulty, inclusionProbability };
  if (end.type === 'failed') return { ...unjudgedVerdict(heading, end.problem), ...history };
  const said = say(end);
  const flags: Flag[] = [...end.judgment.flags];
  const isReleased = said.outcome === 'ok' || said.outcome === 'tie';
  if (isReleased && end.type === 'accepted' && end.basis === 'threshold') flags.push('uncertified');
  return {
    ...heading,
    label: null,
    probabilities: null,
    ...said,
    certificate: end.type === 'accepted' ? end.certificate : null,
    tier: end.tier,
    cached: isFromStore(cache),
    ...history,
    flags,
    problem: null,
  };
}

/** The verdict of a group whose candidates were compared with each other. */
export function rankingVerdict(heading: Heading, ranked: Ranked): Verdict {
  const { end, trail, notes, cached } = ranked;
  const isRanked = end.type === 'ranked';
  const history = {
    cost: addCosts(trail.map((entry) => entry.cost)),
    trail,
    decisions: notes.map((reason, index) => ({
      tier: 'ranking',
      accepted: isRanked && index === 0,
      reason,
    })),
  };
  if (!isRanked) return { ...unjudgedVerdict(heading, end.problem), ...history };
  const { result, flags } = end;
  return {
    ...heading,
    ...BLANK,
    outcome: 'ok',
    confidence: result.certainty,
    result: { kind: 'ranking', ...result },
    cached,
    cache: cached ? 'exact' : null,
    ...history,
    flags,
    problem: null,
  };
}
