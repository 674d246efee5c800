import type { Random } from '../../contracts/clock.ts';
import type { DifficultyEstimate } from './book.ts';
import type { CostRatio } from './cost-ratio.ts';

export interface GateDecision {
  readonly askSmall: boolean;
  /** Probability with which the small judge was to be asked, in (0, 1]: goes with the outcome into learning. */
  readonly inclusion: number;
  /** One clause for the trail. */
  readonly reason: string;
}

/** Share of the items to be skipped that are put before the small judge all the same, or the learner goes blind. */
const EXPLORED = 0.05;

/**
 * Skips the small judge where that is cheaper: the cascade costs c_s + P(escalate) c_l, the reference alone c_l, so
 * skipping pays if and only if P(escalate) > 1 - c_s/c_l. Only on an estimate whose AUROC is above .5 for sure.
 */
export function decideGate(
  { difficulty, auroc }: DifficultyEstimate,
  { ratio }: CostRatio,
  random: Random,
): GateDecision {
  if (difficulty === null) return asks('difficulty not learned yet');
  const shown = `P(escalate) ${difficulty.toFixed(2)}`;
  if (auroc === null || auroc.low <= 0.5) return asks(`${shown} not used: AUROC not above .5 for sure`);
  const bound = 1 - ratio;
  if (difficulty <= bound) return asks(`${shown} <= ${bound.toFixed(2)}`);
  const clause = `${shown} > 1 - cost ratio ${ratio.toFixed(2)}`;
  return random.uniform() < EXPLORED
    ? { askSmall: true, inclusion: EXPLORED, reason: `${clause}, asked to go on learning` }
    : { askSmall: false, inclusion: EXPLORED, reason: clause };
}

function asks(reason: string): GateDecision {
  return { askSmall: true, inclusion: 1, reason };
}
