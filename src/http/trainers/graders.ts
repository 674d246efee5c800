import { readGrader, readGraderRun } from '../../wire/trainers/grader.ts';
import { renderGraderRun } from '../../wire/trainers/grader-reply.ts';
import { gradingOf } from '../../wire/trainers/grading.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import { deadlineOf, type TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { verdictHeaders } from '../verdict-headers.ts';
import { policyNameOf } from './rewards.ts';
import { sendUnjudged } from './unjudged.ts';

/** `POST /v1/fine_tuning/alpha/graders/validate`: the grader as it is understood, or what is wrong with it. */
export function createGraderValidateHandler({ limits }: GatewayDeps): TeamHandler {
  return async (exchange) => {
    const grader = readGrader(await readJson(exchange, limits.bodyBytes));
    if (grader.ok) sendJson(exchange, 200, { grader: grader.value });
    else sendProblems(exchange, grader.problems);
  };
}

/** `POST /v1/fine_tuning/alpha/graders/run`: one sample in, its reward out. */
export function createGraderRunHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  return async (exchange, principal) => {
    exchange.preferredClass = 'trainer';
    const run = readGraderRun(await readJson(exchange, deps.limits.bodyBytes));
    if (!run.ok) return sendProblems(exchange, run.problems);
    const { grader } = run.value;
    const grading = gradingOf(run.value);
    if (!grading.ok) return sendProblems(exchange, grading.problems);
    if (grading.value.type === 'known') {
      const { reward } = grading.value;
      return sendJson(exchange, 200, renderGraderRun(grader, reward, { tokens: null, seconds: 0 }));
    }
    const { item, rewardOf } = grading.value;
    const named = grader.type === 'score_model' ? policyNameOf(grader.model) : undefined;
    const policy = catalogue.policy(named, principal, 'score');
    const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
      deps.held.judge('score', policy.name, [{ ok: true, item }], call),
    );
    const [verdict] = verdicts;
    if (verdict?.result?.kind !== 'score') return sendUnjudged(exchange, verdicts);
    const { inputTokens, outputTokens } = verdict.cost.usage;
    const cost = { tokens: inputTokens + outputTokens, seconds: secondsOf(exchange) };
    const reply = renderGraderRun(grader, rewardOf(verdict.result.score), cost);
    return sendJson(exchange, 200, reply, verdictHeaders(exchange, verdicts));
  };
}

function secondsOf({ clock, startedAt }: Exchange): number {
  return (clock.monotonic() - startedAt) / 1_000;
}
