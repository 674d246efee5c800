/** What a ranking says of its candidates, in the order in which they came. */
export interface RankingResult {
  /** Bradley-Terry strengths in log-odds, centred: they sum to 0. */
  readonly rewards: readonly number[];
  /** Standard errors of the rewards, > 0. */
  readonly standardErrors: readonly number[];
  /** Positions of the candidates, best first; equal rewards keep the order in which they came. */
  readonly order: readonly number[];
  /** 1 for the best; candidates with equal rewards share the mean of their ranks. */
  readonly ranks: readonly number[];
  readonly comparisons: ComparisonCounts;
  /** Expected share of all pairs that stand in the right order, in [0.5, 1], by the fit's own uncertainty. */
  readonly certainty: number;
  readonly method: RankingMethod;
  /** There when the candidates came one by one: who is who, and which one was asked about. */
  readonly cohort?: CohortPlace;
}

/** A group whose candidates come in calls of their own, as rollouts do. */
export interface Cohort {
  /** Unique within team and policy while the group is open. */
  readonly id: string;
  /** Candidates that it waits for, at least 2. */
  readonly size: number;
}

export interface CohortPlace extends Cohort {
  /** Items by the order in which they came: the candidates of the ranking. */
  readonly members: readonly string[];
  /** Place of this item among them. */
  readonly position: number;
}

/** All pairs; each against the next in a circle; or pairs chosen one after the other while something is open. */
export type RankingMethod = 'all_pairs' | 'circular' | 'adaptive';

export interface ComparisonCounts {
  /** Pairs that gave a preference or a tie. */
  readonly judged: number;
  /** Pairs whose judges gave no label. */
  readonly failed: number;
  /** Pairs that there are: k (k - 1) / 2. */
  readonly possible: number;
}
