import type { PolicyInfo } from '../../contracts/feedback.ts';
import type { Principal } from '../../contracts/authenticator.ts';
import { toUsd } from '../../domain/cost.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { Rubric } from '../../domain/rubric.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { itemsOf, type Rewardable } from '../../wire/trainers/asked.ts';
import { readSettings, type TrainerSettings } from '../../wire/trainers/settings.ts';
import type { Reward, RewardSurface } from '../../wire/trainers/surface.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import { deadlineOf, type TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { verdictHeaders } from '../verdict-headers.ts';
import { sendUnjudged } from './unjudged.ts';

/**
 * The route of a reward surface: the trainer's body becomes items of a score policy, held until they are
 * judged or the deadline comes; then all rewards, or an error and not one number.
 */
export function createRewardHandler(
  surface: RewardSurface,
  deps: GatewayDeps,
  catalogue: Catalogue,
): TeamHandler {
  const answer = createRewardAnswer(surface, deps, catalogue);
  return async (exchange, principal) =>
    answer(exchange, principal, await readJson(exchange, deps.limits.bodyBytes));
}

/** The same for a body that was read already. */
export function createRewardAnswer(surface: RewardSurface, deps: GatewayDeps, catalogue: Catalogue) {
  return async (exchange: Exchange, principal: Principal, body: unknown): Promise<void> => {
    exchange.preferredClass = 'trainer';
    const settings = readSettings(exchange.request.url ?? '');
    if (!settings.ok) return sendProblems(exchange, settings.problems);
    const request = surface.read(body, settings.value);
    if (!request.ok) return sendProblems(exchange, request.problems);
    const { asked, model } = request.value;
    checkCount(asked.length, deps.limits.maxItems);
    const items = itemsOf(asked, settings.value, rubricOf(settings.value, deps.rubrics));
    if (!items.ok) return sendProblems(exchange, items.problems);
    const policy = catalogue.policy(settings.value.policy ?? policyNameOf(model), principal, 'score');
    const verdicts = await judge(exchange, deps, policy, items.value);
    const failed = verdicts.filter((verdict) => verdict.result?.kind !== 'score');
    if (failed.length > 0) return sendUnjudged(exchange, failed);
    const reply = surface.render(rewardsOf(items.value, verdicts), {
      id: exchange.requestId,
      created: Math.floor(deps.clock.now() / 1_000),
      model: model ?? 'assay',
      settings: settings.value,
    });
    return sendJson(exchange, 200, reply, verdictHeaders(exchange, verdicts));
  };
}

function judge(
  exchange: Exchange,
  { held, calls }: GatewayDeps,
  { name, deadlineMs }: PolicyInfo,
  items: readonly Rewardable[],
): Promise<readonly Verdict[]> {
  const inputs = items.flatMap((item) => (item.type === 'judge' ? [item.input] : []));
  if (inputs.length === 0) return Promise.resolve([]);
  return exchange.withCall(calls, deadlineOf(exchange, deadlineMs), (call) =>
    held.judge('score', name, inputs, call),
  );
}

/** Puts the judged ones and those that were given back into their order. */
function rewardsOf(items: readonly Rewardable[], verdicts: readonly Verdict[]): Reward[] {
  const rest = verdicts.values();
  return items.map((item) => {
    if (item.type === 'given') return { score: item.score, confidence: 1, usd: 0, cached: false };
    const verdict = rest.next().value;
    const result = verdict?.result;
    if (verdict === undefined || result?.kind !== 'score') throw new Error('a response has no score');
    const { confidence, cost, cached } = verdict;
    return { score: result.score, confidence: confidence ?? 0, usd: toUsd(cost.nanoUsd), cached };
  });
}

function checkCount(count: number, most: number): void {
  if (count > most) {
    throw new GatewayError('invalid_request', `the body must have at most ${most} responses, found ${count}`);
  }
}

function rubricOf(
  { rubric: name }: TrainerSettings,
  rubrics: ReadonlyMap<string, Rubric>,
): Rubric | undefined {
  if (name === undefined) return undefined;
  const rubric = rubrics.get(name);
  if (rubric !== undefined) return rubric;
  const known = [...rubrics.keys()].slice(0, 20).join(', ') || 'none is configured';
  throw new GatewayError('invalid_request', `rubric in the URL is not a known one; known: ${known}`, {
    param: 'rubric',
  });
}

/** Models are named `assay/<policy>`; other names are the trainer's own affair. */
export function policyNameOf(model: string | undefined): string | undefined {
  return model?.startsWith('assay/') === true ? model.slice('assay/'.length) : undefined;
}
