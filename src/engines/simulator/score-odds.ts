import type { SimulatedJudge } from '../../contracts/simulator.ts';
import { hashText, mix, normalOf } from './hash.ts';
import { QUALITY } from './label-odds.ts';
import type { ScoreQuestion } from './score-prompt.ts';

/** What the model thinks of a response: for each score the shares of the answers that it was offered. */
export interface ScoreOdds {
  /** In the order asked; the shares of each add up to 1. */
  readonly scores: readonly (readonly AnswerShare[])[];
  /** Probability on all answers together. */
  readonly mass: number;
  /** Spreads the rest. */
  readonly hash: number;
}

export interface AnswerShare {
  readonly sign: string;
  readonly share: number;
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
  return ({ response, criterion, scales }) => {
    const text = hashText(response);
    const asked = hashText(criterion);
    const scores = scales.map((signs, index) => {
      const view = index === 0 ? asked : mix(asked, index);
      const quality = normalOf(mix(text, QUALITY)) + 0.5 * normalOf(mix(text, view));
      const noise = normalOf(mix(mix(seed, text), view));
      const place = 1 / (1 + Math.exp(-(judge.sharpness * quality + judge.noise * noise) / 2));
      return spread(signs, place);
    });
    return { scores, mass: judge.labelMass, hash: mix(seed, text) };
  };
}

/** Shares around a place in [0, 1] of the scale. */
function spread(signs: readonly string[], place: number): AnswerShare[] {
  const weights = signs.map((_, index) => {
    const distance = (index / (signs.length - 1) - place) / WIDTH;
    return Math.max(LEAST, Math.exp(-(distance ** 2) / 2));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return signs.map((sign, index) => ({ sign, share: (weights[index] ?? 0) / total }));
}
