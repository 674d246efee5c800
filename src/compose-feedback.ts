import { createCachedScores } from './caching/cached-scores.ts';
import { createPolicyRouter, promiseOf } from './compose-caching.ts';
import type { Judges } from './compose-judges.ts';
import { need } from './compose-parts.ts';
import { sampledRunners } from './compose-sampling.ts';
import { withoutSelfJudging } from './compose-self-judging.ts';
import type { CachingParts } from './compose-semantic.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { Judge } from './contracts/judge.ts';
import type { AcceptanceRule, Router } from './contracts/routing.ts';
import type { CritiqueJudgment } from './domain/critique.ts';
import type { AnyJudgment } from './domain/judgment.ts';
import type { ScoreJudgment } from './domain/score.ts';
import type { Task } from './domain/task.ts';
import {
  critiqueRunner,
  preferenceRunner,
  rankingRunner,
  scoreRunner,
  type TaskRunner,
} from './feedback/runners.ts';
import type { FeedbackPolicy } from './feedback/service.ts';
import { createCascade } from './routing/cascade.ts';
import { forPolicy } from './routing/for-policy.ts';
import { createRanker } from './routing/ranking/ranker.ts';
import { revisionRule, scoreRule, thresholdRule } from './routing/threshold-rule.ts';

type PolicyConfig = Config['policies'][string];

export interface FeedbackParts extends Omit<CachingParts, 'judges'> {
  readonly judges: Judges;
  readonly rubrics: LoadedConfig['rubrics'];
  readonly constitutions: LoadedConfig['constitutions'];
}

/** The policies as the use case runs them. */
export function createFeedbackPolicies(parts: FeedbackParts): ReadonlyMap<string, FeedbackPolicy> {
  const policies = Object.entries(parts.config.policies);
  return new Map(
    policies.map(([name, policy]): [string, FeedbackPolicy] => [
      name,
      {
        tasks: sampledRunners(policy, runnersOf(name, policy, parts), parts.judges),
        concurrency: policy.concurrency,
      },
    ]),
  );
}

function runnersOf(name: string, policy: PolicyConfig, parts: FeedbackParts): Map<Task, TaskRunner> {
  const { judges, rubrics, config } = parts;
  switch (policy.task) {
    case 'preference': {
      const cached = createPolicyRouter(name, policy, { ...parts, judges: judges.preference });
      const router = withoutSelfJudging({ policy, config }, cached, (tiers) =>
        cascadeOf({ name, policy: { ...policy, tiers: [...tiers] } }, judges.preference, thresholdRule),
      );
      return new Map([
        ['preference', preferenceRunner(router)],
        ['ranking', rankingRunnerOf(name, policy, router, parts)],
      ]);
    }
    case 'score': {
      const router = scoreRouter(name, policy, parts);
      const rubric = policy.rubric === undefined ? undefined : rubrics.get(policy.rubric);
      return new Map([['score', scoreRunner(router, rubric)]]);
    }
    case 'critique':
      return critiqueRunners(name, policy, parts);
  }
}

function rankingRunnerOf(
  name: string,
  policy: PolicyConfig,
  router: Router,
  { evidence }: FeedbackParts,
): TaskRunner {
  const { resolvedAt, cohorts: settings } = policy;
  const options = { router, resolvedAt, concurrency: Math.min(policy.concurrency, MOST_COMPARISONS) };
  const { cohorts } = evidence;
  return rankingRunner({
    ranker: createRanker(options),
    cohorts,
    rules: { ...options, ...settings, policy: name },
  });
}

/** Comparisons of one group at once: requests have many groups, and engines take their fill anyway. */
const MOST_COMPARISONS = 32;

/** Tiers behind the store of scores that were bought, unless the policy wants none. */
function scoreRouter(name: string, policy: PolicyConfig, parts: FeedbackParts): Router<ScoreJudgment> {
  const { judges } = parts;
  const among = (tiers: PolicyConfig['tiers']): Router<ScoreJudgment> =>
    cascadeOf({ name, policy: { ...policy, tiers } }, judges.score, scoreRule);
  const router = cachedScores(name, policy, among(policy.tiers), parts);
  return withoutSelfJudging({ policy, config: parts.config }, router, (tiers) => among([...tiers]));
}

function cachedScores(
  name: string,
  policy: PolicyConfig,
  router: Router<ScoreJudgment>,
  parts: FeedbackParts,
): Router<ScoreJudgment> {
  const { labels, config } = parts;
  const { ttlMs } = policy.cache;
  if (ttlMs === 0) return router;
  return createCachedScores(router, {
    store: labels.scores(config.cache.scoreBytes),
    shared: labels.sharedScores,
    ttlMs,
    policy: name,
    promise: promiseOf(name, policy, parts),
  });
}

function critiqueRunners(
  name: string,
  policy: PolicyConfig,
  { judges, constitutions, config }: FeedbackParts,
): Map<Task, TaskRunner> {
  const { constitution = '', checkedBy, revise = 0, evidence = false } = policy.critique ?? {};
  const gate = checkedBy === undefined ? null : need(judges.preference.get(checkedBy), checkedBy);
  const critics = new Map([...judges.critique].map(([name, make]) => [name, make(gate)]));
  const among = (tiers: PolicyConfig['tiers']): Router<CritiqueJudgment> =>
    cascadeOf({ name, policy: { ...policy, tiers } }, critics, revisionRule);
  const router = withoutSelfJudging({ policy, config }, among(policy.tiers), (tiers) => among([...tiers]));
  const defaults = { constitution: constitutions.get(constitution), revise, evidence };
  return new Map([
    ['critique', critiqueRunner(router, defaults, 0)],
    ['revision', critiqueRunner(router, defaults, 1)],
  ]);
}

/** Tiers by a plain threshold, the last one by what the policy wants at least. */
function cascadeOf<J extends AnyJudgment>(
  { name: policyName, policy }: { readonly name: string; readonly policy: PolicyConfig },
  judges: ReadonlyMap<string, Judge<J>>,
  ruleOf: (acceptAt: number) => AcceptanceRule<J>,
): Router<J> {
  const { tiers, acceptAt, abstainBelow } = policy;
  const last = tiers.length - 1;
  return createCascade(
    tiers.map((name, index) => ({
      name,
      judge: forPolicy(need(judges.get(name), name), policyName),
      rule: ruleOf(index === last ? abstainBelow : acceptAt),
    })),
  );
}
