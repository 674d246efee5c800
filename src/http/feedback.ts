import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import { parseFeedback } from '../wire/feedback-request.ts';
import { renderFeedback } from '../wire/verdict.ts';
import { cacheUseOf } from './cache-control.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { deadlineOf, type TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendJson, sendProblems } from './reply.ts';

/** `POST /v1/feedback/<kind>`: items in, one verdict each out, in the same order. */
export function createFeedbackHandler(task: Task, deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  const { rubrics, constitutions } = deps;
  const rules = { maxItems: deps.limits.maxItems, rubrics, constitutions };
  return async (exchange, principal) => {
    const parsed = parseFeedback(task, await readJson(exchange, deps.limits.bodyBytes), rules);
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const { items } = parsed.value;
    const policy = catalogue.policy(parsed.value.policy, principal, task);
    const cache = cacheUseOf(exchange);
    const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
      deps.feedback.judge(task, policy.name, items, { ...call, cache }),
    );
    exchange.queuedMs = longestWait(verdicts);
    sendJson(exchange, 200, renderFeedback(exchange.requestId, verdicts));
  };
}

function longestWait(verdicts: readonly Verdict[]): number {
  let longest = 0;
  for (const { trail } of verdicts) {
    for (const { queuedMs } of trail) longest = Math.max(longest, queuedMs);
  }
  return longest;
}
