import type { CalibrationItem, TrainingPlan } from '../../contracts/certificate.ts';
import { createSeededRandom, shuffle } from '../../statistics/random.ts';

/** Who trains and who certifies. Items of one prompt always stand on the same side. */
export interface Part {
  readonly training: readonly CalibrationItem[];
  readonly certifying: readonly CalibrationItem[];
}

/**
 * `none`: one part, nobody trains. `split`: one part. `cross_fit`: a part for each fold, which is certified by
 * models of the other folds.
 */
export function divide(items: readonly CalibrationItem[], plan: TrainingPlan, seed: number): Part[] {
  if (plan.kind === 'none') return [{ training: [], certifying: items }];
  const prompts = shuffle([...Map.groupBy(items, (item) => item.prompt).values()], createSeededRandom(seed));
  if (plan.kind === 'split') {
    const wanted = Math.round(items.length * plan.share);
    const training: CalibrationItem[] = [];
    const certifying: CalibrationItem[] = [];
    for (const group of prompts) (training.length < wanted ? training : certifying).push(...group);
    return [{ training, certifying }];
  }
  return Array.from({ length: plan.folds }, (_, fold) => ({
    training: prompts.filter((_group, i) => i % plan.folds !== fold).flat(),
    certifying: prompts.filter((_group, i) => i % plan.folds === fold).flat(),
  }));
}

/** One item of each prompt, drawn by the seed: answers to one prompt fail together, so they count once. */
export function onePerPrompt(items: readonly CalibrationItem[], seed: number): CalibrationItem[] {
  const random = createSeededRandom(seed + 1);
  return [...Map.groupBy(items, (item) => item.prompt).values()].flatMap((group) => {
    const chosen = group[group.length === 1 ? 0 : random.integer(group.length)];
    return chosen === undefined ? [] : [chosen];
  });
}
