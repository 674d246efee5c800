import type { SignalName, Stage } from '../../contracts/certificate.ts';
import { differingParts } from '../../domain/judge-key.ts';
import { type JudgeSignals, labelOfSignals } from '../../domain/signals.ts';
import type { Label } from '../../domain/verdict.ts';

/** What a chain knows about one item when it stands at one stage, oriented toward that stage's label. */
export interface StageSignals {
  readonly label: Label;
  readonly values: Readonly<Record<SignalName, number>>;
  /** Log-odds that each earlier judge gives this label; 0 where it said nothing. */
  readonly support: readonly number[];
}

/** What was gathered about one item: answers by stage, as far as the chain went. */
export interface GatheredAnswers {
  readonly answers: readonly (JudgeSignals | null)[];
  readonly lengthLogRatio: number;
}

/**
 * The earlier stages that stage `index` takes as witnesses: the last one of every other judge. Two stages of
 * one judge are one witness, since both orders already contain the single one.
 */
export function witnessesOf(stages: readonly Stage[], index: number): number[] {
  const current = stages[index];
  return stages.flatMap((stage, earlier) => {
    if (earlier >= index || current === undefined || isSameJudge(stage, current)) return [];
    const askedAgain = stages.slice(earlier + 1, index).some((later) => isSameJudge(stage, later));
    return askedAgain ? [] : [earlier];
  });
}

/** Null when the stage gave no label: there is nothing to be right or wrong. */
export function stageSignalsOf(
  gathered: GatheredAnswers,
  index: number,
  witnesses: readonly number[],
): StageSignals | null {
  const answer = gathered.answers[index];
  const label = answer ? labelOfSignals(answer) : null;
  if (!answer || label === null) return null;
  const longer = label === 'tie' ? 0 : gathered.lengthLogRatio * (label === 'a' ? 1 : -1);
  return {
    label,
    values: {
      margin: logOddsOf(answer, label),
      order_gap: answer.orderGap ?? 0,
      tie_mass: Math.exp(answer.logProbabilities.tie),
      lost_mass: 1 - (answer.labelMass ?? 1),
      entropy: entropyOf(answer),
      length_gap: Math.abs(gathered.lengthLogRatio),
      chosen_longer: longer,
    },
    support: witnesses.map((earlier) => {
      const witness = gathered.answers[earlier];
      return witness ? logOddsOf(witness, label) : 0;
    }),
  };
}

/** ln(P(label) / P(best other label)): below 0 when the judge said something else. */
function logOddsOf({ logProbabilities }: JudgeSignals, label: Label): number {
  const { a, b, tie } = logProbabilities;
  const others = { a: Math.max(b, tie), b: Math.max(a, tie), tie: Math.max(a, b) };
  return logProbabilities[label] - others[label];
}

function entropyOf({ logProbabilities: { a, b, tie } }: JudgeSignals): number {
  return [a, b, tie].reduce((sum, log) => sum - Math.exp(log) * log, 0);
}

function isSameJudge(one: Stage, other: Stage): boolean {
  return differingParts(one.judge.parts, other.judge.parts).every((part) => part === 'orders');
}
