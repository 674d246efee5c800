import type { Constitution } from './constitution.ts';
import type { Cohort, RankingMethod } from './ranking.ts';
import type { Rubric } from './rubric.ts';

/** One turn of a conversation, as chat templates know it. Role names are not restricted: judges invent some. */
export interface Message {
  readonly role: string;
  readonly content: string;
}

/**
 * What is to be judged: a prompt with one or more candidate responses.
 * For a preference `candidates[0]` is `a` and `candidates[1]` is `b`, whatever order a judge sees them in.
 */
export interface Item {
  /** Unique within its request; made up from the position when the caller gave none. */
  readonly id: string;
  readonly prompt: string | readonly Message[];
  readonly candidates: readonly string[];
  /** Text of the rubric that the judge is to follow; undefined for the general one of the template. */
  readonly rubric: Rubric | undefined;
  /** What a score, a critique or a ranking is asked for beyond that. */
  readonly wishes?: Wishes;
  /** Probability with which whoever sent it drew it, in (0, 1]; absent for 1. */
  readonly inclusion?: number;
  /** The caller's own data: returned with the verdict, never shown to a judge. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What an item of its kind asks for; what is absent is as the policy says. */
export interface Wishes {
  /** Preferences, scores and rankings: tell the reasons that judges wrote, in the trail. */
  readonly reasons?: boolean;
  /** Scores: a response that is known to be good, for the judge to compare with. */
  readonly reference?: string;
  /** Critiques: the principles. */
  readonly constitution?: Constitution;
  /** Critiques: rounds of revising, 0 or more. */
  readonly revise?: number;
  /** Critiques: chooses the principles; equal seeds choose equally. Absent, a hash of the item does. */
  readonly seed?: number;
  /** Critiques: quotes from the response as evidence. */
  readonly evidence?: boolean;
  /** Rankings: which pairs are compared. */
  readonly method?: RankingMethod;
  /** Rankings: pairs that may be compared at most. */
  readonly comparisons?: number;
  /** Rankings: the group that the only candidate belongs to. */
  readonly cohort?: Cohort;
}

/** The two candidates by identity. */
export type Side = 'a' | 'b';
/** The order in which they were shown: `ab` shows `a` first. */
export type Order = 'ab' | 'ba';
