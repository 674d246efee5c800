import type { PolicyInfo } from '../../contracts/feedback.ts';
import { toUsd } from '../../domain/cost.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { Item } from '../../domain/item.ts';
import { readRollout, renderVerification } from '../../wire/trainers/nemo-gym-verify.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import { deadlineOf, type TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { verdictHeaders } from '../verdict-headers.ts';
import { RolloutGroups } from './rollout-groups.ts';
import { sendUnjudged } from './unjudged.ts';

/** `POST /seed_session`: agents ask for it before each rollout; there is nothing to prepare. */
export function createSeedHandler({ limits }: GatewayDeps): TeamHandler {
  return async (exchange) => {
    await readJson(exchange, limits.bodyBytes);
    sendJson(exchange, 200, {});
  };
}

/**
 * `POST /verify`: one rollout, held until the group of its prompt is complete or waited for no longer; its
 * reward is relative to the group. Without a judgment there is an error and no reward.
 */
export function createVerifyHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  const groups = new RolloutGroups(deps.clock);
  return async (exchange, principal) => {
    exchange.preferredClass = 'trainer';
    const read = readRollout(await readJson(exchange, deps.limits.bodyBytes));
    if (!read.ok) return sendProblems(exchange, read.problems);
    const policy = catalogue.policy(undefined, principal, 'ranking');
    const size = sizeOf(policy);
    const key = JSON.stringify([principal.team, policy.name, read.value.group]);
    const place = groups.place(key, size, read.value.name ?? exchange.requestId);
    const item: Item = { ...read.value.item, id: place.name, wishes: { cohort: { id: place.cohort, size } } };
    let isJudged = false;
    try {
      const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
        deps.held.judge('ranking', policy.name, [{ ok: true, item }], call),
      );
      const [verdict] = verdicts;
      if (verdict?.result?.kind !== 'ranking') return sendUnjudged(exchange, verdicts);
      isJudged = true;
      const reply = renderVerification(read.value.sent, verdict.result, toUsd(verdict.cost.nanoUsd));
      if (reply === null) throw new Error('a ranking of a cohort tells no place');
      return sendJson(exchange, 200, reply, verdictHeaders(exchange, verdicts));
    } finally {
      groups.end(key, place, isJudged);
    }
  };
}

function sizeOf({ name, cohortSize }: PolicyInfo): number {
  if (cohortSize !== undefined) return cohortSize;
  const message = `/verify cannot say how many rollouts a prompt has: set policies.${name}.cohorts.size to num_rollouts_per_prompt`;
  throw new GatewayError('invalid_request', message);
}
