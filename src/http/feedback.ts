import type { ItemInput } from '../contracts/feedback.ts';
import type { JobLine } from '../contracts/jobs.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import { parseFeedback } from '../wire/feedback-request.ts';
import { createFeedbackText } from '../wire/feedback-text.ts';
import { cacheUseOf } from './cache-control.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { deadlineOf, type TeamHandler } from './handler.ts';
import type { Exchange } from './exchange.ts';
import { answerSubmission, digestOf, idempotencyKeyOf } from './jobs/submission.ts';
import { readJson } from './json-body.ts';
import { sendJsonText, sendProblems } from './reply.ts';
import { verdictHeaders } from './verdict-headers.ts';

/** A job of which nothing special is asked. */
const PLAIN_JOB = {
  priority: 'normal',
  deadlineSeconds: null,
  budgetNanoUsd: null,
  webhook: null,
  strict: false,
} as const;

/**
 * `POST /v1/feedback/<kind>`: items in, one verdict each out, in the same order. With `Prefer: respond-async`
 * (RFC 7240, 4.1) the same items become a durable job, where there can be one.
 */
export function createFeedbackHandler(task: Task, deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  const { rubrics, constitutions } = deps;
  const textOf = createFeedbackText();
  const rules = { maxItems: deps.limits.maxItems, rubrics, constitutions };
  return async (exchange, principal) => {
    const body = await readJson(exchange, deps.limits.bodyBytes);
    const parsed = parseFeedback(task, body, rules);
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const { items } = parsed.value;
    const policy = catalogue.policy(parsed.value.policy, principal, task);
    if (deps.jobs !== null && prefersAsync(exchange)) {
      refuseCohorts(items);
      const intake = { lines: linesOf(items), digest: () => digestOf(body) };
      const about = { task, policy: policy.name, team: principal.team };
      const request = { ...PLAIN_JOB, ...about, idempotencyKey: idempotencyKeyOf(exchange) };
      await answerSubmission(exchange, { ...deps, jobs: deps.jobs }, request, intake);
      return;
    }
    const cache = cacheUseOf(exchange);
    const verdicts = await exchange.withCall(deps.calls, deadlineOf(exchange, policy.deadlineMs), (call) =>
      deps.feedback.judge(task, policy.name, items, { ...call, cache }),
    );
    exchange.queuedMs = longestWait(verdicts);
    const reply = textOf(exchange.requestId, verdicts);
    sendJsonText(exchange, 200, reply, verdictHeaders(exchange, verdicts));
  };
}

/** A job's items are judged in parts, at any time: a group would wait for candidates that come hours later. */
function refuseCohorts(items: readonly ItemInput[]): void {
  const position = items.findIndex((input) => input.ok && input.item.wishes?.cohort !== undefined);
  if (position === -1) return;
  const message = `items[${position}].cohort is for calls that wait; leave out "Prefer: respond-async", or bring the whole group as the candidates of one item`;
  throw new GatewayError('invalid_request', message, { param: `items[${position}].cohort` });
}

function longestWait(verdicts: readonly Verdict[]): number {
  let longest = 0;
  for (const { trail } of verdicts) {
    for (const { queuedMs } of trail) longest = Math.max(longest, queuedMs);
  }
  return longest;
}

function prefersAsync({ request }: Exchange): boolean {
  const sent = request.headers['prefer'];
  const preferences = (Array.isArray(sent) ? sent.join(',') : (sent ?? '')).split(/[,;]/);
  return preferences.some((each) => each.trim().toLowerCase() === 'respond-async');
}

async function* linesOf(items: readonly ItemInput[]): AsyncGenerator<JobLine, void> {
  for (const [index, input] of items.entries()) yield { line: index + 1, input };
}
