import type { Router, RoutingEnd, Tier } from '../contracts/routing.ts';
import type { Problem } from '../domain/errors.ts';
import type { AnyJudgment, Judgment } from '../domain/judgment.ts';
import type { TierDecision, TrailEntry } from '../domain/verdict.ts';

/**
 * Asks the tiers cheap to strong and stops at the first judgment that its rule accepts. A tier that
 * fails is passed over like one that is not sure; the label of a tier that was not accepted is never
 * used because a later tier failed.
 */
export function createCascade<J extends AnyJudgment = Judgment>(tiers: readonly Tier<J>[]): Router<J> {
  return {
    async route(item, call) {
      const trail: TrailEntry[] = [];
      const decisions: TierDecision[] = [];
      let end: RoutingEnd<J> = { type: 'failed', problem: NO_TIER };
      for (const tier of tiers) {
        const reply = await tier.judge.judge(item, { tier: tier.name }, call);
        trail.push(...reply.trail);
        if (!reply.ok) {
          end = { type: 'failed', problem: reply.problem };
          decisions.push({ tier: tier.name, accepted: false, reason: reply.problem.message });
          if (call.signal.aborted) break;
          continue;
        }
        const { accept, certificate, reason } = tier.rule.decide(reply.judgment, item);
        decisions.push({ tier: tier.name, accepted: accept, reason });
        if (accept) {
          end = {
            type: 'accepted',
            tier: tier.name,
            judgment: reply.judgment,
            certificate,
            basis: 'threshold',
          };
          break;
        }
        end = { type: 'abstained', tier: tier.name, judgment: reply.judgment };
      }
      return { end, trail, decisions, difficulty: null, inclusion: 1 };
    },
  };
}

const NO_TIER: Problem = { code: 'internal', message: 'the policy has no tier', param: null };
