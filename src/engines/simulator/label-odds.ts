import type { PlantedPreference, SimulatedJudge } from '../../contracts/simulator.ts';
import { hashText, mix, normalOf } from './hash.ts';
import type { ShownPair } from './pair-prompt.ts';

/** What the model thinks of a pair in the order shown. The three shares add up to 1. */
export interface LabelOdds {
  readonly first: number;
  readonly second: number;
  readonly tie: number;
  /** Probability on all label tokens together. */
  readonly mass: number;
  /** Spreads the rest; the same for the same texts in the same order. */
  readonly hash: number;
}

/** Answers for a pair, or says why there is no answer. */
export type Opinion = (
  pair: ShownPair,
) => { readonly ok: true; readonly odds: LabelOdds } | { readonly ok: false; readonly message: string };

/** Tie probability at even odds; it falls to `FEWEST_TIES` when the odds are clear. */
const MOST_TIES = 0.45;
const FEWEST_TIES = 0.02;

/** Quality difference of a planted pair. */
const PLANTED = 2;

/** The toy model's own opinion, by the formula in `SimulatedJudge`. */
export function toyOpinion(judge: SimulatedJudge): Opinion {
  const seed = hashText(judge.seed);
  const planted = new Map(
    judge.preferences.map((preference) => {
      const [a, b] = preference.candidates;
      return [pairHash(0, hashText(a), hashText(b)), preference];
    }),
  );
  return ({ first, second }) => {
    const [x, y] = [hashText(first), hashText(second)];
    const difference =
      plantedDifference(planted.get(pairHash(0, x, y)), first, second) ??
      normalOf(mix(x, QUALITY)) - normalOf(mix(y, QUALITY));
    const noise = Math.sign(y - x) * normalOf(pairHash(seed, x, y));
    const logOdds = judge.sharpness * difference + judge.noise * noise + judge.positionBias;
    const share = 1 / (1 + Math.exp(-logOdds));
    const tie = FEWEST_TIES + (MOST_TIES - FEWEST_TIES) * (4 * share * (1 - share)) ** 2;
    const shares = { first: (1 - tie) * share, second: (1 - tie) * (1 - share), tie };
    return { ok: true, odds: { ...shares, mass: judge.labelMass, hash: mix(mix(seed, x), y) } };
  };
}

/** Makes the number that is a text's quality another one than those of its other uses. */
export const QUALITY = 0x5eed;

/** The same for both orders of a pair. */
function pairHash(seed: number, x: number, y: number): number {
  return mix(mix(seed, Math.min(x, y)), Math.max(x, y));
}

/** Null when the pair is not this planted one. */
function plantedDifference(
  planted: PlantedPreference | undefined,
  first: string,
  second: string,
): number | null {
  if (planted === undefined) return null;
  const [a, b] = planted.candidates;
  if (!(a === first && b === second) && !(a === second && b === first)) return null;
  if (planted.better === 'tie' || a === b) return 0;
  const better = planted.better === 'a' ? a : b;
  return better === first ? PLANTED : -PLANTED;
}
