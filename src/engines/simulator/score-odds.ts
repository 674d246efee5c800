import type { SimulatedJudge } from '../../contracts/simulator.ts';
import { hashText, mix, normalOf } from './hash.ts';
import { QUALITY } from './label-odds.ts';
import type { ScoreQuestion } from './score-prompt.ts';

/** What the model thinks of a response, as shares of the answers that it was offered. */
export interface ScoreOdds {
  /** The shares add up to 1. */
  readonly answers: readonly { readonly sign: string; readonly share: number }[];
  /** Probability on all answers together. */
  readonly mass: number;
  /** Spreads the rest. */
  readonly hash: number;
}

export type ScoreOpinion = (question: ScoreQuestion) => ScoreOdds;

/** Width of the opinion, as a share of the scale. */
const WIDTH = 0.14;
/** Shares below this are none: the tail has some for every token. */
const LEAST = 1e-6;

/**
 * The toy model's score: the quality that it compares by, moved by a little for the criterion and by the
 * judge's own noise, squeezed onto the scale, and spread over the points nearby.
 */
export function toyScores(judge: SimulatedJudge): ScoreOpinion {
  const seed = hashText(judge.seed);
  return ({ response, criterion, signs }) => {
    const text = hashText(response);
    const quality = normalOf(mix(text, QUALITY)) + 0.5 * normalOf(mix(text, hashText(criterion)));
    const noise = normalOf(mix(mix(seed, text), hashText(criterion)));
    const place = 1 / (1 + Math.exp(-(judge.sharpness * quality + judge.noise * noise) / 2));
    const weights = signs.map((_, index) => {
      const distance = (index / (signs.length - 1) - place) / WIDTH;
      return Math.max(LEAST, Math.exp(-(distance ** 2) / 2));
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      answers: signs.map((sign, index) => ({ sign, share: (weights[index] ?? 0) / total })),
      mass: judge.labelMass,
      hash: mix(seed, text),
    };
  };
}
