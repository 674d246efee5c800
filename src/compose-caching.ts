import { type CachedRouterOptions, createCachedRouter } from './caching/cached-router.ts';
import { createRecheck, type GivenLabel, type Recheck } from './caching/recheck.ts';
import type { SemanticRouter } from './caching/semantic/semantic-router.ts';
import { withCanaries } from './compose-canaries.ts';
import { kindOf } from './compose-engines.ts';
import { reasonsOf } from './compose-judges.ts';
import { need } from './compose-parts.ts';
import { type CachingParts, createPolicySimilar } from './compose-semantic.ts';
import { createRouter, type PolicyRouter, type RoutingParts } from './compose-routing.ts';
import type { Config } from './config/schema.ts';
import type { Call } from './contracts/call.ts';
import type { Router } from './contracts/routing.ts';
import { promptPartsOf } from './domain/judge-key.ts';
import { labelOf } from './domain/preference.ts';
import { stratumOf } from './domain/stratum.ts';
import type { Label } from './domain/verdict.ts';
import { auditGiven } from './routing/cached-audit.ts';
import { isInForce, rememberedOf } from './routing/reuse.ts';

type PolicyConfig = Config['policies'][string];

/** The router of a policy behind the label cache, with canaries behind both, where the policy wants them. */
export function createPolicyRouter(name: string, policy: PolicyConfig, routing: CachingParts): Router {
  const made = createRouter(name, policy, routing);
  const router = cachedPolicyRouter(name, policy, made, routing);
  return withCanaries(name, policy, { router, made }, routing);
}

function cachedPolicyRouter(
  name: string,
  policy: PolicyConfig,
  made: PolicyRouter,
  routing: CachingParts,
): Router {
  const { config, labels, builds } = routing;
  if (policy.cache.ttlMs === 0) return made.router;
  const rule = reuseRuleOf(name, policy, routing);
  const promise = promiseOf(name, policy, routing);
  const similar = createPolicySimilar(name, policy, made.router, { ...routing, rule, promise });
  return createCachedRouter(similar ?? made.router, {
    ...rule,
    store: labels.store(config.cache.bytes),
    shared: labels.shared,
    ttlMs: policy.cache.ttlMs,
    policy: name,
    promise,
    answered: ({ trail }) => builds.answered(trail),
    recheck: createPolicyRecheck(name, policy, { ...routing, ...made, similar }),
  });
}

/** When a label may be given again, and who is told. */
type ReuseRule = Pick<CachedRouterOptions, 'stratumOf' | 'isCurrent' | 'reused'>;

function reuseRuleOf(
  name: string,
  policy: PolicyConfig,
  { certificates, evidence, builds }: RoutingParts,
): ReuseRule {
  if (policy.target === undefined) {
    return {
      stratumOf: () => '',
      isCurrent: ({ trail }) => builds.areCurrent(trail),
      reused: () => undefined,
    };
  }
  const lanes = evidence.lanesOf(name, policy, policy.target, certificates.get(name) ?? []);
  return {
    stratumOf: (item) => stratumOf(item, policy.strata),
    isCurrent: ({ end, trail }, { team, stratum }) =>
      isInForce(end, lanes.of(team, stratum).certificate()) && builds.areCurrent(trail),
    reused({ end }, { team, stratum }, verdictId) {
      const verdict = rememberedOf(verdictId, lanes.of(team, stratum).scope, end);
      if (verdict !== null) evidence.outcomes.remember(verdict);
    },
  };
}

interface Rechecked extends RoutingParts, PolicyRouter {
  readonly similar: SemanticRouter | null;
}

/** How labels of a policy are judged anew after they were given again; null when they never are. */
function createPolicyRecheck(
  name: string,
  policy: PolicyConfig,
  { router, certified, similar, evidence, labels, parts, builds, config, ledger }: Rechecked,
): Recheck | null {
  const { tolerated, share: wanted } = policy.cache.recheck;
  if (wanted === 0) return null;
  // A certificate's watch takes no item that was likelier to be left out than its own audits leave out.
  const share = certified === null ? wanted : Math.max(wanted, policy.audit.share);
  const askAgain = async ({ item, verdictId, result }: GivenLabel, call: Call): Promise<Label | null> => {
    const { end, trail } = await router.route(item, call, verdictId);
    builds.answered(trail);
    const { team } = call;
    const about = { verdictId, team, policy: name, after: result.trail.length, at: parts.clock.now() };
    ledger?.journal.recordExtra({ ...about, purpose: 'audit', entries: trail });
    parts.telemetry?.verdicts.audited({ team, policy: name, shadow: [], audit: trail, result: null });
    return end.type === 'accepted' ? labelOf(end.judgment.probabilities) : null;
  };
  return createRecheck({
    share,
    tolerated,
    timeoutMs: policy.deadlineMs,
    random: parts.random,
    logger: parts.logger,
    counts: labels.rechecks,
    later: (work) => evidence.auditor.run(work),
    judge: (given, call) =>
      certified === null
        ? askAgain(given, call)
        : auditGiven(certified, { ...given, probability: share }, call),
    similar: ({ result }, isCorrect) => similar?.checked(result, isCorrect),
    forget({ pair, arranged }) {
      const keys = [pair, arranged];
      const store = labels.store(config.cache.bytes);
      for (const key of keys) store.delete(key);
      void labels.shared?.labels.delete(keys).then(() => labels.shared?.labels.outdated(keys));
    },
    forgetAll: (filter) => void labels.drop(filter),
  });
}

/** What a label rests on, as far as it is known before any call. Certificates hold for one policy alone. */
export function promiseOf(
  name: string,
  policy: PolicyConfig,
  { config, templates }: Pick<RoutingParts, 'config' | 'templates'>,
): string {
  const judges = policy.tiers.map((tier) => {
    const judge = need(config.judges[tier], tier);
    const { engine: id, prompt, orders, itemsPerPrompt } = judge;
    const engine = need(config.engines[id], id);
    const template = need(templates.find(prompt), prompt);
    const parts = promptPartsOf(template, itemsPerPrompt, reasonsOf(judge, template));
    return [tier, id, kindOf(engine), engine.model, engine.precision ?? null, parts, orders];
  });
  const { target, acceptAt, abstainBelow } = policy;
  const rule = target === undefined ? [acceptAt] : [name, target];
  return JSON.stringify([judges, rule, abstainBelow]);
}
