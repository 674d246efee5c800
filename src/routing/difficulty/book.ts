import type { DifficultyFeatures } from './features.ts';
import {
  createDifficultyLearner,
  type DifficultyLearner,
  type DifficultyReport,
  type LearnerOptions,
  type LearnerState,
} from './learner.ts';

/** Whose difficulty: a policy's own judges, in one stratum. */
export interface DifficultyScope {
  readonly policy: string;
  readonly stratum: string;
}

/** An estimate with the record of the learner that gave it. */
export interface DifficultyEstimate extends DifficultyReport {
  /** In (0, 1); null until enough was learned. */
  readonly difficulty: number | null;
  /** Whether the stratum's own learner gave it, or the one of the whole policy. */
  readonly pooled: boolean;
}

/** Learners of a policy and of each of its strata: a stratum speaks for itself once it has learned, else the policy does. */
export interface DifficultyBook {
  estimate(scope: DifficultyScope, features: DifficultyFeatures): DifficultyEstimate;
  learn(
    scope: DifficultyScope,
    features: DifficultyFeatures,
    outcome: { readonly escalated: boolean; readonly inclusion?: number },
  ): void;
  report(policy: string): DifficultyReport;
  snapshot(): BookState;
}

/** Plain JSON: learners by policy, and by policy and stratum. */
export type BookState = readonly { readonly key: string; readonly learner: LearnerState }[];

/** Strata beyond it share their policy's learner: about 1 MB each when full. */
const MOST_LEARNERS = 64;

export function createDifficultyBook(options: LearnerOptions, from: BookState = []): DifficultyBook {
  const learners = new Map<string, DifficultyLearner>(
    from.map(({ key, learner }) => [key, createDifficultyLearner(options, learner)]),
  );
  const learnerFor = (key: string): DifficultyLearner | undefined => {
    const known = learners.get(key);
    if (known !== undefined || learners.size >= MOST_LEARNERS) return known;
    const created = createDifficultyLearner(options);
    learners.set(key, created);
    return created;
  };
  const reportOf = (policy: string): DifficultyReport =>
    learners.get(keyOf(policy))?.report() ?? { outcomes: 0, auroc: null };
  return {
    estimate({ policy, stratum }, features) {
      const own = learners.get(keyOf(policy, stratum));
      const difficulty = own?.estimate(features) ?? null;
      if (own !== undefined && difficulty !== null) return { difficulty, pooled: false, ...own.report() };
      const pooled = learners.get(keyOf(policy))?.estimate(features) ?? null;
      return { difficulty: pooled, pooled: true, ...reportOf(policy) };
    },
    learn({ policy, stratum }, features, { escalated, inclusion }) {
      for (const key of [keyOf(policy), keyOf(policy, stratum)]) {
        learnerFor(key)?.learn(features, escalated, inclusion);
      }
    },
    report: reportOf,
    snapshot: () => [...learners].map(([key, learner]) => ({ key, learner: learner.snapshot() })),
  };
}

/** JSON, so that no name can look like another pair of names. */
function keyOf(...names: readonly string[]): string {
  return JSON.stringify(names);
}
