import type { Random } from '../../contracts/clock.ts';
import type { DifficultyQuality } from '../../contracts/quality.ts';
import type { Item } from '../../domain/item.ts';
import { createDifficultyBook, type DifficultyBook } from './book.ts';
import { type CostRatios, createCostRatios } from './cost-ratio.ts';
import { type DifficultyFeatures, featuresOf } from './features.ts';
import { decideGate } from './gate.ts';

/** What is known of an item before any judge is asked, and where to tell what became of it. */
export interface GateView {
  /** P(the small judges do not decide, or would disagree) in [0, 1]; null until it is learned. */
  readonly difficulty: number | null;
  /** False: the small judges would cost more than they save. */
  readonly askSmall: boolean;
  /** One clause for the trail. */
  readonly reason: string;
  /** Expected cost of the reference's judgment, in nano-dollars; null until measured. */
  readonly referenceNanoUsd: number | null;
  /** True when the small judges did not decide, or disagreed with the reference. */
  learn(escalated: boolean): void;
  paid(judge: 'small' | 'reference', nanoUsd: number): void;
}

/** Looks at items of one policy before any call. */
export interface PolicyGate {
  before(item: Item, stratum: string): GateView;
  quality(): DifficultyQuality;
  /** Of a prompt alone, for plain generations; null until it is learned for sure. */
  readonly ofPrompt: (features: DifficultyFeatures) => number | null;
}

export interface PolicyGateOptions {
  readonly policy: string;
  /** Price of the small judges over the reference's by the price list, until costs are measured. */
  readonly listedRatio: number;
  readonly random: Random;
  /** Runs a few milliseconds of work when nobody waits. */
  later(work: () => void): void;
}

export function createPolicyGate({ policy, listedRatio, random, later }: PolicyGateOptions): PolicyGate {
  const book: DifficultyBook = createDifficultyBook({ later });
  const costs: CostRatios = createCostRatios(listedRatio);
  return {
    before(item, stratum) {
      const features = featuresOf(item);
      const estimate = book.estimate({ policy, stratum }, features);
      const ratio = costs.ratio(features.characters);
      const { askSmall, inclusion, reason } = decideGate(estimate, ratio, random);
      return {
        difficulty: estimate.difficulty,
        askSmall,
        reason,
        referenceNanoUsd: ratio.referenceNanoUsd,
        learn: (escalated) => book.learn({ policy, stratum }, features, { escalated, inclusion }),
        paid: (judge, nanoUsd) => costs.observe(judge, features.characters, nanoUsd),
      };
    },
    quality() {
      const { outcomes, auroc } = book.report(policy);
      if (auroc === null) return { outcomes, auroc };
      return { outcomes, auroc: { value: auroc.estimate, low: auroc.low, high: auroc.high } };
    },
    ofPrompt(features) {
      const { difficulty, auroc } = book.estimate({ policy, stratum: PROMPTS }, features);
      return auroc === null || auroc.low <= 0.5 ? null : difficulty;
    },
  };
}

/** No outcome is ever of a bare prompt, so that the policy's own learner answers. */
const PROMPTS = 'prompts';
