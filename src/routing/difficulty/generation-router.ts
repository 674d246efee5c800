import type { Random } from '../../contracts/clock.ts';
import type { GenerationRouter, GenerationSettings } from '../../contracts/difficulty.ts';
import { type DifficultyFeatures, featuresOf } from './features.ts';
import { createRing } from './ring.ts';

export interface GenerationRouterOptions {
  readonly settings: GenerationSettings;
  /** Engine ids, cheap to strong, at least one. */
  readonly engines: readonly string[];
  readonly random: Random;
  /** Difficulty of a prompt in (0, 1), or null while it is not learned. */
  estimate(features: DifficultyFeatures): number | null;
}

const RECENT = 1_000;
const LEAST_SCORES = 100;
/** Requests between two looks at the recent scores. */
const EVERY = 32;

/** Scores above `threshold` go to the large engine, and those at it with probability `atThreshold`. */
interface Cut {
  readonly threshold: number;
  readonly atThreshold: number;
}

/**
 * Sends the hardest prompts to the large engine, as many as wished: the threshold is a quantile of the policy's own
 * recent difficulties (Ong et al. 2024, RouteLLM). Many equal scores are split by chance, so that the share holds for
 * any distribution. Until 100 difficulties were seen, the cheap engine is tried first.
 */
export function createGenerationRouter(options: GenerationRouterOptions): GenerationRouter {
  const { settings, engines, random, estimate } = options;
  const recent = createRing<number>(RECENT);
  const strongFirst = engines.toReversed();
  let cut: Cut | null = null;
  let untilLook = LEAST_SCORES;
  const isLarge = (difficulty: number): boolean => {
    recent.add(difficulty);
    untilLook -= 1;
    if (untilLook <= 0) {
      cut = cutOf(recent.values(), settings.largeShare);
      untilLook = EVERY;
    }
    if (cut === null || difficulty < cut.threshold) return false;
    return difficulty > cut.threshold || random.uniform() < cut.atThreshold;
  };
  return {
    route(prompt) {
      const difficulty = estimate(featuresOf({ prompt, candidates: [] }));
      return difficulty !== null && isLarge(difficulty)
        ? { engines: strongFirst, size: 'large', difficulty }
        : { engines, size: 'small', difficulty };
    },
  };
}

function cutOf(scores: readonly number[], largeShare: number): Cut {
  const falling = Float64Array.from(scores).toSorted().toReversed();
  const wanted = largeShare * falling.length;
  const threshold = falling[Math.min(falling.length - 1, Math.floor(wanted))] ?? 1;
  const above = falling.findIndex((score) => score <= threshold);
  const level = falling.filter((score) => score === threshold).length;
  return { threshold, atThreshold: Math.min(1, (wanted - above) / level) };
}
