import type { Checked } from '../problems.ts';
import type { Asked } from './asked.ts';
import type { TrainerSettings } from './settings.ts';

/**
 * What a trainer speaks when it wants rewards: pure maps between its own bodies and responses to score. Each
 * surface is a file of its own beside this one. What none of them has is a way to write a reward where there
 * was no judgment: the route answers with an error before `render` is asked.
 */
export interface RewardSurface {
  readonly path: string;
  /** The responses to score, in the order in which the trainer wants its rewards. */
  read(body: unknown, settings: TrainerSettings): Checked<RewardRequest>;
  /** The answer; `rewards` has one for each response, in their order. */
  render(rewards: readonly Reward[], reply: ReplyFacts): unknown;
}

export interface RewardRequest {
  readonly asked: readonly Asked[];
  /** Name of a policy, or of a model that the body says; undefined where the body names none. */
  readonly model?: string | undefined;
}

/** What an answer may say beside its rewards. */
export interface ReplyFacts {
  /** Of the request. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** As the body named it; `assay` where it named none. */
  readonly model: string;
  readonly settings: TrainerSettings;
}

export interface Reward {
  /** In [0, 1], 1 is the best; a blank response has what the URL gave for it. */
  readonly score: number;
  /** In [0, 1]; 1 for a reward that no judge was asked for. */
  readonly confidence: number;
  readonly usd: number;
  readonly cached: boolean;
}
