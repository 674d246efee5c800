import { familiesOf } from './compose-evaluation.ts';
import type { Config } from './config/schema.ts';
import type { Router } from './contracts/routing.ts';
import type { AnyJudgment } from './domain/judgment.ts';
import { avoidSelfJudging } from './routing/self-judging.ts';

type PolicyConfig = Config['policies'][string];

/**
 * The router of a policy, kept from judging its judges' own kind as the policy says. `plain` makes a router of some
 * tiers by plain thresholds. With a target the last tier must be among them: agreement with it is what is promised,
 * so it decides alone what a smaller one may not see.
 */
export function withoutSelfJudging<J extends AnyJudgment>(
  { policy, config }: { readonly policy: PolicyConfig; readonly config: Config },
  router: Router<J>,
  plain: (tiers: readonly string[]) => Router<J>,
): Router<J> {
  const { selfJudging: mode, target } = policy;
  if (mode === 'allow') return router;
  const families = familiesOf(config);
  const last = policy.tiers.at(-1);
  return avoidSelfJudging({
    mode,
    router,
    tiers: policy.tiers.map((tier) => ({ tier, family: families[tier] ?? null })),
    among(tiers) {
      if (target === undefined) return plain(tiers);
      return last !== undefined && tiers.includes(last) ? released(plain([last])) : null;
    },
  });
}

/** Labels of the last tier are the reference's own, not a threshold's. */
function released<J extends AnyJudgment>(router: Router<J>): Router<J> {
  return {
    async route(item, call, verdictId) {
      const { end, ...result } = await router.route(item, call, verdictId);
      return { ...result, end: end.type === 'accepted' ? { ...end, basis: 'reference' } : end };
    },
  };
}
