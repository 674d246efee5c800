import type { Principal } from '../../contracts/authenticator.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Checked } from '../../wire/problems.ts';
import { type GradedPart, renderGraderRun } from '../../wire/trainers/grader-reply.ts';
import { type Grading, gradingOf } from '../../wire/trainers/grading.ts';
import { type GraderRun, readGrader, readGraderRun } from '../../wire/trainers/multi-grader.ts';
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
    if (grader.ok) sendJson(exchange, 200, { grader: grader.value.sent });
    else sendProblems(exchange, grader.problems);
  };
}

/** `POST /v1/fine_tuning/alpha/graders/run`: one sample in, its reward out. */
export function createGraderRunHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  return async (exchange, principal) => {
    exchange.preferredClass = 'trainer';
    const run = readGraderRun(await readJson(exchange, deps.limits.bodyBytes));
    if (!run.ok) return sendProblems(exchange, run.problems);
    const gradings = gradingsOf(run.value);
    if (!gradings.ok) return sendProblems(exchange, gradings.problems);
    const verdicts = await judge(exchange, { deps, catalogue, principal }, gradings.value);
    const asked = [...verdicts.values()];
    const failed = asked.filter((verdict) => verdict.result?.kind !== 'score');
    if (failed.length > 0) return sendUnjudged(exchange, failed);
    const parts = [...gradings.value].map(([name, grading]) => partOf(name, grading, verdicts.get(name)));
    const reward = rewardOf(run.value, parts);
    const reply = renderGraderRun(run.value.grader, { reward, parts, seconds: secondsOf(exchange) });
    return sendJson(exchange, 200, reply, verdictHeaders(exchange, asked));
  };
}

/** What each part needs, by its name. */
function gradingsOf({ grader, sample, item }: GraderRun): Checked<ReadonlyMap<string, Grading>> {
  const read = [...grader.parts].map(([name, part]) => {
    const place = grader.formula === undefined ? 'grader' : `grader.graders.${name}`;
    return { name, grading: gradingOf(part, { sample, item }, place) };
  });
  const problems = read.flatMap(({ grading }) => (grading.ok ? [] : grading.problems));
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: new Map(
      read.flatMap(({ name, grading }): [string, Grading][] => (grading.ok ? [[name, grading.value]] : [])),
    ),
  };
}

interface Asking {
  readonly deps: GatewayDeps;
  readonly catalogue: Catalogue;
  readonly principal: Principal;
}

/** The verdicts of the parts that need one, asked at the same time, each by the policy that its model names. */
async function judge(
  exchange: Exchange,
  { deps, catalogue, principal }: Asking,
  gradings: ReadonlyMap<string, Grading>,
): Promise<ReadonlyMap<string, Verdict>> {
  const asked = [...gradings].flatMap(([name, grading]) =>
    grading.type === 'judge'
      ? [{ name, grading, policy: catalogue.policy(policyNameOf(grading.model), principal, 'score') }]
      : [],
  );
  if (asked.length === 0) return new Map();
  const longest = Math.max(...asked.map(({ policy }) => policy.deadlineMs));
  const judged = await exchange.withCall(deps.calls, deadlineOf(exchange, longest), (call) =>
    Promise.all(
      asked.map(async ({ name, grading, policy }) => {
        const verdicts = await deps.held.judge(
          'score',
          policy.name,
          [{ ok: true, item: grading.item }],
          call,
        );
        return verdicts.map((verdict): [string, Verdict] => [name, verdict]);
      }),
    ),
  );
  return new Map(judged.flat());
}

function partOf(name: string, grading: Grading, verdict: Verdict | undefined): GradedPart {
  if (grading.type === 'known') return { name, reward: grading.reward, model: null, tokens: null };
  const result = verdict?.result;
  const reward = result?.kind === 'score' ? grading.rewardOf(result) : null;
  if (verdict === undefined || reward === null) {
    throw new GatewayError('not_judged', `${name}: the judge put too little probability on the labels`);
  }
  const { inputTokens, outputTokens } = verdict.cost.usage;
  return { name, reward, model: grading.model, tokens: inputTokens + outputTokens };
}

/** A formula may have no value for these rewards, such as 1 / 0: then there is no reward. */
function rewardOf({ grader }: GraderRun, parts: readonly GradedPart[]): number {
  const rewards = new Map(parts.map(({ name, reward }) => [name, reward]));
  const reward = grader.formula === undefined ? parts[0]?.reward : grader.formula(rewards);
  if (reward === undefined || !Number.isFinite(reward)) {
    const values = [...rewards].map(([name, value]) => `${name} = ${value}`).join(', ');
    throw new GatewayError('not_judged', `calculate_output has no finite value for ${values}`);
  }
  return reward;
}

function secondsOf({ clock, startedAt }: Exchange): number {
  return (clock.monotonic() - startedAt) / 1_000;
}
