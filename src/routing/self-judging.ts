import type { Router, RoutingResult } from '../contracts/routing.ts';
import { sourceFamilies } from '../domain/candidate-sources.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { AnyJudgment } from '../domain/judgment.ts';
import type { TierDecision } from '../domain/verdict.ts';

/**
 * Keeps judges from items of which their own model family wrote a candidate, as models prefer texts of their own
 * kind (Panickssery et al. 2024, arXiv 2404.13076). Who wrote what is the caller's word; an item that does not tell
 * it, and a judge whose family is not known, are treated like any other.
 */
export interface SelfJudgingOptions<J extends AnyJudgment> {
  /** `refuse`: leave them to judges of other families; `flag`: tell it. */
  readonly mode: 'refuse' | 'flag';
  /** Family of each tier's model, cheap to strong; null where it is not known. */
  readonly tiers: readonly { readonly tier: string; readonly family: string | null }[];
  /** For items that touch nobody's family. */
  readonly router: Router<J>;
  /**
   * The way of an item that only these tiers may judge, some but not all of the policy's; null when they cannot decide
   * alone. It neither takes nor leaves labels in a cache: there they would be every tier's.
   */
  among(tiers: readonly string[]): Router<J> | null;
}

export function avoidSelfJudging<J extends AnyJudgment>(options: SelfJudgingOptions<J>): Router<J> {
  const { mode, tiers, router } = options;
  const ways = new Map<string, Router<J> | null>();
  const wayAmong = (allowed: readonly string[]): Router<J> | null => {
    const key = allowed.join(' ');
    const known = ways.get(key);
    if (known !== undefined) return known;
    const made = allowed.length === 0 ? null : options.among(allowed);
    ways.set(key, made);
    return made;
  };
  return {
    async route(item, call, verdictId) {
      const own = ownTiers(tiers, item);
      if (own.size === 0) return router.route(item, call, verdictId);
      if (mode === 'flag') return flagged(await router.route(item, call, verdictId), own);
      const refused = [...own].map(([tier, family]): TierDecision => {
        return { tier, accepted: false, reason: `self-judging: a candidate is of its own family, ${family}` };
      });
      const way = wayAmong(tiers.flatMap(({ tier }) => (own.has(tier) ? [] : [tier])));
      if (way === null) return { ...NOBODY, decisions: refused };
      const result = await way.route(item, call, verdictId);
      return { ...result, decisions: [...refused, ...result.decisions] };
    },
  };
}

/** The tiers whose family wrote a candidate, with that family. */
function ownTiers(tiers: SelfJudgingOptions<AnyJudgment>['tiers'], item: Item): ReadonlyMap<string, string> {
  const written = new Set(sourceFamilies(item));
  return new Map(
    tiers.flatMap(({ tier, family }) =>
      family !== null && written.has(family) ? [[tier, family] as const] : [],
    ),
  );
}

function flagged<J extends AnyJudgment>(
  result: RoutingResult<J>,
  own: ReadonlyMap<string, string>,
): RoutingResult<J> {
  const { end } = result;
  if (end.type === 'failed' || !own.has(end.tier)) return result;
  const judgment = { ...end.judgment, flags: [...end.judgment.flags, 'self_judged' as const] };
  return { ...result, end: { ...end, judgment } };
}

const PROBLEM: Problem = {
  code: 'self_judging',
  message: 'every judge that could decide is of the model family of a candidate',
  param: null,
};
const NOBODY = {
  end: { type: 'failed', problem: PROBLEM },
  trail: [],
  difficulty: null,
  inclusion: 1,
} as const;
