import { createCachedRouter } from './caching/cached-router.ts';
import { kindOf } from './compose-engines.ts';
import { need } from './compose-parts.ts';
import { createRouter, type RoutingParts } from './compose-routing.ts';
import type { Config } from './config/schema.ts';
import type { Router } from './contracts/routing.ts';
import { promptPartsOf } from './domain/judge-key.ts';
import { stratumOf } from './domain/stratum.ts';
import { isInForce, rememberedOf } from './routing/reuse.ts';

type PolicyConfig = Config['policies'][string];

/** The router of a policy behind the label cache, unless the policy wants none. */
export function createPolicyRouter(name: string, policy: PolicyConfig, routing: RoutingParts): Router {
  const router = createRouter(name, policy, routing);
  const { config, certificates, evidence } = routing;
  if (policy.cache.ttlMs === 0) return router;
  const shared = {
    store: evidence.labels(config.cache.bytes),
    ttlMs: policy.cache.ttlMs,
    promise: promiseOf(name, policy, routing),
  };
  if (policy.target === undefined) {
    const anywhere = { stratumOf: () => '', isCurrent: () => true, reused: () => undefined };
    return createCachedRouter(router, { ...shared, ...anywhere });
  }
  const lanes = evidence.lanesOf(name, policy, policy.target, certificates.get(name) ?? []);
  return createCachedRouter(router, {
    ...shared,
    stratumOf: (item) => stratumOf(item, policy.strata),
    isCurrent: ({ end }, { team, stratum }) => isInForce(end, lanes.of(team, stratum).certificate()),
    reused({ end }, { team, stratum }, verdictId) {
      const verdict = rememberedOf(verdictId, lanes.of(team, stratum).scope, end);
      if (verdict !== null) evidence.outcomes.remember(verdict);
    },
  });
}

/** What a label rests on, as far as it is known before any call. Certificates hold for one policy alone. */
export function promiseOf(
  name: string,
  policy: PolicyConfig,
  { config, templates }: Pick<RoutingParts, 'config' | 'templates'>,
): string {
  const judges = policy.tiers.map((tier) => {
    const { engine: id, prompt, orders } = need(config.judges[tier], tier);
    const engine = need(config.engines[id], id);
    const parts = promptPartsOf(need(templates.find(prompt), prompt));
    return [tier, id, kindOf(engine), engine.model, engine.precision ?? null, parts, orders];
  });
  const { target, acceptAt, abstainBelow } = policy;
  const rule = target === undefined ? [acceptAt] : [name, target];
  return JSON.stringify([judges, rule, abstainBelow]);
}
