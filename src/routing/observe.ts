import { hash } from 'node:crypto';
import type { Call } from '../contracts/call.ts';
import type { Stage } from '../contracts/certificate.ts';
import type { Observation } from '../contracts/evidence.ts';
import type { RoutingEnd } from '../contracts/routing.ts';
import type { JudgeReply } from '../domain/judgment.ts';
import { labelOf } from '../domain/preference.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import { labelOfSignals, lengthLogRatioOf } from '../domain/signals.ts';
import type { Label } from '../domain/verdict.ts';
import type { CertifiedRouterOptions, Journey } from './certified-router.ts';

/**
 * Asks, beyond the reply, whatever of the chain and the reference was not asked, and hands it to the lane.
 * An item that any of them cannot judge is no observation: nobody could say about which judges it speaks.
 */
export function observe(
  options: CertifiedRouterOptions,
  journey: Journey,
  given: GivenAnswer,
  { requestId, team }: Call,
): void {
  const { auditor, auditMs: timeoutMs } = options;
  const work = async (call: Call): Promise<void> => void (await complete(options, journey, given, call));
  auditor.run({ requestId, team, timeoutMs, work });
}

/** What was answered. */
export interface GivenAnswer {
  readonly end: RoutingEnd;
  /** The reference's; null when it was not asked. */
  readonly reply: JudgeReply | null;
  /** As in `Observation`. */
  readonly probability?: number;
  /** Entries of the verdict's own trail; absent, those of this journey. */
  readonly after?: number;
}

/** Gives the reference's label; null when it gave none. */
export async function complete(
  options: CertifiedRouterOptions,
  journey: Journey,
  given: GivenAnswer,
  call: Call,
): Promise<Label | null> {
  const { run } = journey;
  const [wasAsked, asked] = [!run.isUntouched(), run.trail().length];
  const answer = await askRest(options, journey, given.reply, call);
  const shadow = run.trail().slice(asked);
  const audit = given.reply === null ? (answer?.trail ?? []) : [];
  const after = given.after ?? asked + (given.reply?.trail.length ?? 0);
  keepExtra(options, journey, { shadow, audit, after });
  options.observer?.audited({
    team: call.team,
    policy: options.policy,
    shadow,
    audit,
    result: answer === null ? null : resultOf(given.end, answer),
  });
  return answer === null ? null : learn(options, journey, { ...given, answer, wasAsked });
}

/** The reference's answer; null when the time was over before. */
async function askRest(
  { chain, reference }: CertifiedRouterOptions,
  { item, run }: Journey,
  reply: JudgeReply | null,
  call: Call,
): Promise<JudgeReply | null> {
  for (const place of chain.keys()) {
    if (call.signal.aborted) return null;
    await run.ask(place, call);
  }
  return reply ?? reference.judge.judge(item, { tier: reference.tier }, call);
}

interface Extra {
  readonly shadow: readonly TrailEntry[];
  readonly audit: readonly TrailEntry[];
  /** Calls that the verdict itself tells. */
  readonly after: number;
}

function keepExtra(
  { keepCalls, now }: CertifiedRouterOptions,
  { lane, verdictId }: Journey,
  { shadow, audit, after }: Extra,
): void {
  const { team, policy } = lane.scope;
  const about = { verdictId, team, policy, at: now() };
  keepCalls({ ...about, purpose: 'shadow', after, entries: shadow });
  keepCalls({ ...about, purpose: 'audit', after: after + shadow.length, entries: audit });
}

/** Whether the reference says what a certificate released. */
function resultOf(end: RoutingEnd, answer: JudgeReply): 'agreed' | 'disagreed' | null {
  if (end.type !== 'accepted' || end.certificate === null || !answer.ok) return null;
  const label = labelOf(answer.judgment.probabilities);
  if (label === null) return null;
  return labelOf(end.judgment.probabilities) === label ? 'agreed' : 'disagreed';
}

interface Answered extends Omit<GivenAnswer, 'reply'> {
  readonly answer: JudgeReply;
  /** Small judges were asked for the reply. */
  readonly wasAsked: boolean;
}

function learn(
  { chain, now }: CertifiedRouterOptions,
  { item, lane, run, view, verdictId }: Journey,
  { end, answer, wasAsked, probability }: Answered,
): Label | null {
  const stages = run.stages().filter((stage): stage is Stage => stage !== null);
  const label = answer.ok ? labelOf(answer.judgment.probabilities) : null;
  if (!answer.ok || label === null || stages.length < chain.length) return label;
  const answers = run.answers();
  const last = answers.at(-1) ?? null;
  if (!wasAsked) view.learn(last === null || labelOfSignals(last) !== label);
  lane.observe({
    verdictId,
    lane: lane.scope,
    item: {
      id: verdictId,
      // Only whether prompts are equal matters, and texts of callers are not kept.
      prompt: hash('sha256', typeof item.prompt === 'string' ? item.prompt : JSON.stringify(item.prompt)),
      lengthLogRatio: lengthLogRatioOf(item),
      answers,
      reference: label,
      stratum: lane.scope.stratum,
    },
    stages,
    reference: answer.judgment.key,
    ...released(end),
    ...(probability === undefined ? {} : { probability }),
    at: now(),
  });
  return label;
}

function released(end: RoutingEnd): Pick<Observation, 'acceptedBy' | 'label'> {
  return {
    acceptedBy: end.type === 'accepted' ? end.certificate : null,
    label: end.type === 'failed' ? null : labelOf(end.judgment.probabilities),
  };
}
