import type { Builds } from './caching/builds.ts';
import type { Evidence } from './compose-evidence.ts';
import type { LabelCache } from './compose-label-cache.ts';
import type { Ledger } from './compose-ledger.ts';
import { need, type Parts } from './compose-parts.ts';
import type { AnchorItem } from './contracts/anchors.ts';
import type { GoldItem } from './contracts/canaries.ts';
import type { Certificate } from './contracts/certificate.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { PolicyInfo } from './contracts/feedback.ts';
import type { Judge } from './contracts/judge.ts';
import type { Router } from './contracts/routing.ts';
import { stratumOf } from './domain/stratum.ts';
import type { Task } from './domain/task.ts';
import { createCascade } from './routing/cascade.ts';
import { type CertifiedRouterOptions, createCertifiedRouter } from './routing/certified-router.ts';
import { chainOf } from './routing/chain.ts';
import { createGenerationRouter } from './routing/difficulty/generation-router.ts';
import { forPolicy } from './routing/for-policy.ts';
import { thresholdRule } from './routing/threshold-rule.ts';

type PolicyConfig = Config['policies'][string];

/** Kinds of feedback that a policy of each task gives. */
const TASKS_OF: Readonly<Record<PolicyConfig['task'], readonly Task[]>> = {
  preference: ['preference', 'ranking'],
  score: ['score'],
  critique: ['critique', 'revision'],
};

export interface RoutingParts {
  readonly judges: ReadonlyMap<string, Judge>;
  readonly config: Config;
  readonly templates: LoadedConfig['templates'];
  /** Made elsewhere, by policy. */
  readonly certificates: ReadonlyMap<string, readonly Certificate[]>;
  /** By policy. */
  readonly anchors: ReadonlyMap<string, readonly AnchorItem[]>;
  /** By policy. */
  readonly canaries: ReadonlyMap<string, readonly GoldItem[]>;
  readonly evidence: Evidence;
  /** Null where nothing is kept. */
  readonly ledger: Ledger | null;
  readonly parts: Parts;
  readonly labels: LabelCache;
  readonly builds: Builds;
}

/** A router with what its labels are audited by when they are given again; null without a target. */
export interface PolicyRouter {
  readonly router: Router;
  readonly certified: CertifiedRouterOptions | null;
}

/** The router of a policy: with a target, small judges decide where it is proven; without, by a plain threshold. */
export function createRouter(name: string, policy: PolicyConfig, routing: RoutingParts): PolicyRouter {
  const { judges, config } = routing;
  const tiers = policy.tiers.map((tier) => ({
    tier,
    judge: forPolicy(need(judges.get(tier), tier), name),
    orders: need(config.judges[tier], tier).orders,
  }));
  if (policy.target !== undefined) {
    const certified = certifiedOptions(name, { ...policy, target: policy.target }, tiers, routing);
    return { router: createCertifiedRouter(certified), certified };
  }
  const lastRule = thresholdRule(policy.abstainBelow);
  const rule = thresholdRule(policy.acceptAt);
  const plain = tiers.map(({ tier, judge }, i) => ({
    name: tier,
    judge,
    rule: i === tiers.length - 1 ? lastRule : rule,
  }));
  return { router: createCascade(plain), certified: null };
}

function certifiedOptions(
  name: string,
  policy: PolicyConfig & { readonly target: NonNullable<PolicyConfig['target']> },
  tiers: Parameters<typeof chainOf>[0],
  { config, certificates, anchors, evidence, ledger, parts }: RoutingParts,
): CertifiedRouterOptions {
  const reference = need(tiers.at(-1), 'last tier');
  const lastRule = thresholdRule(policy.abstainBelow);
  const small = tiers.slice(0, -1);
  const asked = new Map(tiers.map(({ tier, judge }) => [tier, judge]));
  evidence.watchAnchors(name, policy, { items: anchors.get(name) ?? [], judges: asked });
  return {
    policy: name,
    chain: chainOf(small),
    reference: { tier: reference.tier, judge: reference.judge, rule: lastRule },
    lanes: evidence.lanesOf(name, policy, policy.target, certificates.get(name) ?? []),
    stratumOf: (item) => stratumOf(item, policy.strata),
    gate: evidence.gateOf(name, policy, config),
    spending: policy.budget === undefined ? null : evidence.spendingOf(name, policy.budget),
    auditor: evidence.auditor,
    auditMs: policy.deadlineMs,
    random: parts.random,
    now: () => parts.clock.now(),
    observer: parts.telemetry?.verdicts,
    remember: (verdict) => evidence.outcomes.remember(verdict),
    keepCalls: (calls) => ledger?.journal.recordExtra(calls),
  };
}

/** The policies as the surfaces see them, `default` first. */
export function policyInfos(config: Config, evidence: Evidence, parts: Parts): PolicyInfo[] {
  return Object.entries(config.policies)
    .map(([name, policy]): PolicyInfo => {
      const engines = policy.tiers.map((tier) => need(config.judges[tier], tier).engine);
      const { size } = policy.cohorts;
      const info: PolicyInfo = {
        name,
        tasks: TASKS_OF[policy.task],
        engines,
        deadlineMs: policy.deadlineMs,
        ...(size === undefined ? {} : { cohortSize: size }),
      };
      if (policy.target === undefined) return info;
      const gate = evidence.gateOf(name, policy, config);
      const estimate = gate.ofPrompt;
      const { generation: settings } = policy;
      return {
        ...info,
        generation: createGenerationRouter({ settings, engines, random: parts.random, estimate }),
      };
    })
    .toSorted((x, y) => Number(y.name === 'default') - Number(x.name === 'default'));
}
