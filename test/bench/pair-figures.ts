import { mean, variance } from '../../src/statistics/moments.ts';
import { drawPair, type PairMethod, pairChances } from '../../src/statistics/response-pair.ts';
import { createSeededRandom } from '../../src/statistics/random.ts';

/**
 * Prompts with planted rewards (standard normal) that four judges read with noise: how often does the pair that a
 * method chooses hold the best response, and how wide is its true gap?
 */
const PROMPTS = 2000;
const RESPONSES = 8;
const JUDGES = 4;
const NOISE = 1;

export interface PairFigures {
  /** Share of the prompts whose pair holds the response that is truly the best. */
  readonly holds_best: number;
  /** Mean distance of the two true rewards. */
  readonly gap: number;
}

export function pairFigures(): Record<PairMethod, PairFigures> {
  return { drts: figuresOf('drts'), deltaucb: figuresOf('deltaucb'), random: figuresOf('random') };
}

function figuresOf(method: PairMethod): PairFigures {
  const random = createSeededRandom(11);
  let [holding, gaps] = [0, 0];
  for (let prompt = 0; prompt < PROMPTS; prompt += 1) {
    const truth = Array.from({ length: RESPONSES }, () => random.normal());
    const rewards = truth.map((reward) => {
      const said = Array.from({ length: JUDGES }, () => reward + NOISE * random.normal());
      return { mean: mean(said), sd: Math.sqrt(variance(said)) };
    });
    const { pair } = drawPair(pairChances(method, rewards, 1), random.uniform());
    const [one = Number.NaN, other = Number.NaN] = pair.map((position) => truth[position] ?? Number.NaN);
    if (Math.max(one, other) === Math.max(...truth)) holding += 1;
    gaps += Math.abs(one - other);
  }
  return {
    holds_best: rounded(holding / PROMPTS),
    gap: rounded(gaps / PROMPTS),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
