import type { Call } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { FeedbackService, ItemInput } from '../contracts/feedback.ts';
import type { ItemGate } from '../contracts/item-gate.ts';
import type { VerdictObserver } from '../contracts/observers.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { abortProblem, GatewayError } from '../domain/errors.ts';
import type { Attributes } from '../contracts/tracing.ts';
import { toUsd } from '../domain/cost.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import type { Task } from '../domain/task.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { TaskRunner } from './runners.ts';
import { unjudgedVerdict } from './verdict.ts';

/**
 * The use case: items in, verdicts out, in the same order. One item's fate never touches another's:
 * whatever happens to it, even a defect of ours, ends as its own verdict. Knows no HTTP and no engine.
 */
export interface FeedbackOptions {
  readonly policies: ReadonlyMap<string, FeedbackPolicy>;
  readonly items: Pick<ItemGate, 'admit' | 'enter'>;
  readonly random: Random;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly observer?: VerdictObserver | undefined;
}

export interface FeedbackPolicy {
  /** What it does, by kind of feedback. */
  readonly tasks: ReadonlyMap<Task, TaskRunner>;
  /** Items of one request that are judged at the same time, >= 1. */
  readonly concurrency: number;
}

export function createFeedbackService(options: FeedbackOptions): FeedbackService {
  return {
    async judge(task, policyName, items, call) {
      const policy = options.policies.get(policyName);
      if (policy === undefined) throw new GatewayError('not_found', `there is no policy "${policyName}"`);
      const run = policy.tasks.get(task);
      if (run === undefined) {
        throw new GatewayError('invalid_request', `the policy "${policyName}" gives no ${task}`, {
          param: 'policy',
        });
      }
      const asked = { ...call, policy: policyName };
      options.items.admit(asked);
      const judge = async (input: ItemInput): Promise<Verdict> => {
        const startedAt = options.clock.monotonic();
        const trace = call.trace?.child(`assay.verdict ${task}`, { 'assay.policy': policyName });
        const own = trace === undefined ? asked : { ...asked, trace };
        const verdict = drawn(await judgeItem(options, { task, run }, input, own), input);
        trace?.end(verdictAttributes(verdict), verdict.problem?.code ?? null);
        const ms = options.clock.monotonic() - startedAt;
        options.observer?.given(verdict, { team: call.team, policy: policyName, ms });
        return verdict;
      };
      return mapBounded(items, policy.concurrency, judge);
    },
  };
}

/** As much of a verdict as an evaluation is told of by OpenTelemetry's GenAI conventions; no texts. */
function verdictAttributes({ id, task, outcome, label, confidence, tier, cache, cost }: Verdict): Attributes {
  return {
    'gen_ai.evaluation.name': task,
    'gen_ai.evaluation.score.label': label ?? outcome,
    'gen_ai.evaluation.score.value': confidence ?? undefined,
    'assay.verdict.id': id,
    'assay.outcome': outcome,
    'assay.tier': tier ?? undefined,
    'assay.cached': cache ?? 'no',
    'assay.cost_usd': toUsd(cost.nanoUsd),
  };
}

interface Work {
  readonly task: Task;
  readonly run: TaskRunner;
}

async function judgeItem(
  options: FeedbackOptions,
  { task, run }: Work,
  input: ItemInput,
  call: Call,
): Promise<Verdict> {
  const id = options.random.id('vrd_');
  if (!input.ok) {
    return unjudgedVerdict({ id, itemId: input.id, task, metadata: input.metadata }, input.problem);
  }
  const { item } = input;
  const heading = { id, itemId: item.id, task, metadata: item.metadata };
  if (call.signal.aborted) return unjudgedVerdict(heading, abortProblem(call.signal.reason));
  const asked = options.items.enter(call);
  const entered = asked instanceof Promise ? await asked : asked;
  if (!entered.ok) return unjudgedVerdict(heading, entered.problem);
  try {
    return await run(heading, item, call);
  } catch (error) {
    options.logger.error({ err: error, requestId: call.requestId, verdict: id }, 'judging an item failed');
    return unjudgedVerdict(heading, {
      code: 'internal',
      message: 'judging failed inside Assay',
      param: null,
    });
  } finally {
    entered.leave();
  }
}

/** The verdict of an item that was drawn before it came here, and maybe once more inside. */
function drawn(verdict: Verdict, input: ItemInput): Verdict {
  const inclusion = input.ok ? input.item.inclusion : input.inclusion;
  if (inclusion === undefined) return verdict;
  return { ...verdict, inclusionProbability: verdict.inclusionProbability * inclusion };
}
