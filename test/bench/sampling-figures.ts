import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { coinOf, inclusionProbabilities } from '../../src/statistics/inclusion.ts';

/**
 * Half a budget on recorded judgments: the strong judge labels half of the pairs, the small one the others. Which
 * share of all labels is then the strong judge's? For pairs drawn where the small one is unsure, and at random;
 * means over 200 draws.
 */
const DRAWS = 200;
const SHARE = 0.5;

const rowSchema = z.object({ judges: z.record(z.string(), z.looseObject({ p_first: z.number() })) });

export interface SamplingFigures {
  readonly uncertainty: number;
  readonly random: number;
}

export function samplingFigures(path: string, small: string, strong: string): SamplingFigures {
  const pairs = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => rowSchema.parse(JSON.parse(line)).judges)
    .flatMap((judges) => {
      const [p, q] = [judges[small]?.p_first, judges[strong]?.p_first];
      return p === undefined || q === undefined ? [] : [{ p, agree: p > 0.5 === q > 0.5 }];
    });
  const agreementOf = (weights: readonly number[]): number => {
    const probabilities = inclusionProbabilities(weights, SHARE);
    let right = 0;
    for (let seed = 0; seed < DRAWS; seed += 1) {
      pairs.forEach(({ agree }, i) => {
        if (agree || coinOf(i, seed) < (probabilities[i] ?? 0)) right += 1;
      });
    }
    return Math.round((1000 * right) / (DRAWS * pairs.length)) / 1000;
  };
  return {
    uncertainty: agreementOf(pairs.map(({ p }) => Math.sqrt(p * (1 - p)))),
    random: agreementOf(pairs.map(() => 1)),
  };
}
