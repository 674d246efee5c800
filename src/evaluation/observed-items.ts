import type { CertifyRequest, Refusal, Stage } from '../contracts/certificate.ts';
import type { CalibrationTask, JudgedItem, ObservedTask, Opinion } from '../contracts/evaluation.ts';
import type { Observation } from '../contracts/evidence.ts';
import { differingParts, type JudgeKey } from '../domain/judge-key.ts';
import { labelOfSignals } from '../domain/signals.ts';
import type { Label } from '../domain/verdict.ts';

/** Observations of one stratum, as certificates and their reports take them. */
export interface ObservedItems {
  readonly task: CalibrationTask;
  readonly request: CertifyRequest;
  /** For the report alone: what was said, without texts and without single orders. */
  readonly judged: readonly JudgedItem[];
}

/** What certifies one stratum of a gateway's observations. There must be at least one, all by the same judges. */
export function observedItems(observations: readonly Observation[], task: ObservedTask): ObservedItems {
  const [first] = observations;
  if (first === undefined) throw new RangeError('there are no observations');
  const { team, policy, agreement, confidence, risk, train, minimumCoverage, seed, createdAt } = task;
  const { stages, reference, labelledBy } = first;
  const model = reference.parts.model;
  const last = stages.map(({ tier }, place) => ({ tier, place })).filter(isLastOfTier);
  return {
    task: {
      ...task,
      small: last.map(({ tier }) => tier),
      reference: labelledBy === 'human' ? { type: 'gold' } : { type: 'judge', name: model },
      stratum: first.lane.stratum,
      heldOut: [],
    },
    request: {
      scope: {
        team,
        policy,
        task: 'preference',
        stratum: first.lane.stratum,
        reference: labelledBy ?? reference,
      },
      stages,
      target: { agreement, confidence },
      sharedBy: task.sharedBy,
      risk,
      minimumCoverage,
      training: train > 0 ? { kind: 'split', share: train } : { kind: 'none' },
      seed,
      createdAt,
    },
    judged: observations.map((one, index) => judgedItem(one, index, last)),
  };
}

function isLastOfTier(
  { tier }: { readonly tier: string },
  place: number,
  all: readonly { readonly tier: string }[],
): boolean {
  return all[place + 1]?.tier !== tier;
}

function judgedItem(
  { verdictId, item, stages, reference, labelledBy }: Observation,
  index: number,
  last: readonly { readonly tier: string; readonly place: number }[],
): JudgedItem {
  const opinions = last.flatMap(({ tier, place }): (readonly [string, Opinion])[] => {
    const [signals, key] = [item.answers[place] ?? null, stages[place]?.judge];
    if (signals === null || key === undefined || labelOfSignals(signals) === null) return [];
    const { a, b, tie } = signals.logProbabilities;
    const { orderGap, labelMass } = signals;
    return [
      [tier, opinionOf(key, { a: Math.exp(a), b: Math.exp(b), tie: Math.exp(tie) }, { orderGap, labelMass })],
    ];
  });
  const said = opinionOf(reference, certain(item.reference), { orderGap: null, labelMass: null });
  return {
    id: verdictId,
    line: index + 1,
    group: item.prompt,
    item: null,
    gold: labelledBy === 'human' ? item.reference : null,
    opinions: new Map(labelledBy === 'human' ? opinions : [...opinions, [reference.parts.model, said]]),
    verdict: null,
  };
}

/** Of the reference only the label is kept. */
function certain(label: Label): Opinion['judgment']['probabilities'] {
  return { a: 0, b: 0, tie: 0, [label]: 1 };
}

function opinionOf(
  key: JudgeKey,
  probabilities: Opinion['judgment']['probabilities'],
  { orderGap, labelMass }: { readonly orderGap: number | null; readonly labelMass: number | null },
): Opinion {
  return {
    judgment: {
      key,
      probabilities,
      confidence: Math.max(probabilities.a, probabilities.b, probabilities.tie),
      orderGap,
      labelMass: labelMass ?? 1,
      readings: [],
      flags: [],
    },
    nanoUsd: null,
    usage: null,
    ms: null,
    identity: null,
  };
}

/** Refuses observations of several sets of judges, and says which there are; null when there is one. */
export function mixedJudges(observations: readonly Observation[]): Refusal | null {
  const sets = [...Map.groupBy(observations, judgesOf).values()].toSorted(
    (one, other) => other.length - one.length,
  );
  const [most, ...others] = sets;
  if (most === undefined || others.length === 0) return null;
  const named = others.flatMap((set) =>
    set[0] && most[0] ? [differenceOf(most[0], set[0], set.length)] : [],
  );
  const message =
    `the rows are by ${sets.length} sets of judges, and numbers of two are never mixed: ${most.length} by ` +
    `${keysOf(most[0])}; ${named.join('; ')}; give the rows of one set, as with --since`;
  return {
    reason: 'judge_key_mismatch',
    message,
    needed: null,
    items: others
      .flat()
      .slice(0, 10)
      .map(({ verdictId }) => verdictId),
  };
}

function judgesOf({ stages, reference, labelledBy }: Observation): string {
  const chain = stages.map(({ tier, judge }) => [tier, judge.id]);
  return JSON.stringify([chain, reference.id, labelledBy ?? 'judge']);
}

function keysOf(observation: Observation | undefined): string {
  if (observation === undefined) return '';
  const { stages, reference, labelledBy } = observation;
  const last = labelledBy === 'human' ? 'people' : reference.id;
  return [...stages.map(({ judge }) => judge.id), last].join(' ');
}

/** Such as `20 by jdg_… jdg_…, where small differs in fingerprint`. */
function differenceOf(most: Observation, other: Observation, count: number): string {
  const pairs = other.stages.map((stage, place) => [stage, most.stages[place]] as const);
  const differing = pairs.flatMap(([stage, usual]) => differenceOfStage(stage, usual));
  const ofReference = differingParts(other.reference.parts, most.reference.parts);
  if (ofReference.length > 0) differing.push(`the reference in ${ofReference.join(', ')}`);
  if (other.labelledBy !== most.labelledBy) differing.push('who gave the reference label');
  return `${count} by ${keysOf(other)}, which differ: ${[...new Set(differing)].join('; ') || 'fewer stages'}`;
}

function differenceOfStage(stage: Stage, usual: Stage | undefined): string[] {
  if (usual === undefined || usual.tier !== stage.tier) return [`the stage of ${stage.tier}`];
  const parts = differingParts(stage.judge.parts, usual.judge.parts);
  return parts.length === 0 ? [] : [`${stage.tier} in ${parts.join(', ')}`];
}
