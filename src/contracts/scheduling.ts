import type { CallClass } from './call.ts';
import type { QuestionKind } from './resilience.ts';

/** How much more an engine can take: told by the `pool` room, used by the queue before it. */
export interface EngineCapacity {
  /**
   * Calls that its replicas bear at once, those that are out included; >= 1. Null when no replica takes calls:
   * then nothing is gained by waiting, and the engine itself says so.
   */
  current(): number | null;
  /**
   * Of these, the calls that the engines work on at once: any more wait inside them, in nobody's order. As many as
   * `current` where they tell of no queue.
   */
  working(): number | null;
  /** Usual milliseconds of a call that is at the engine; null while too little is known. */
  typicalMs(kind: QuestionKind): number | null;
  /** Calls `listener` when there may be more; the function returned ends that. */
  watch(listener: () => void): () => void;
}

/** The places at an engine, those that are taken included; infinite where there is no bound. */
export interface Places {
  readonly all: number;
  readonly working: number;
}

/** An engine's queue as operators see it. */
export interface QueueState {
  /** Calls that wait. */
  readonly waiting: number;
  /** Bytes of their texts, as estimated. */
  readonly waitingBytes: number;
  /** Calls that have a place at the engine. */
  readonly running: number;
  /** Places there; null when no replica takes calls. */
  readonly capacity: number | null;
  /** Classes and teams that wait, the most urgent first. */
  readonly lines: readonly LineState[];
}

export interface LineState {
  readonly class: CallClass;
  readonly team: string;
  readonly waiting: number;
  /** Estimated tokens of them that are not in the engine's cache. */
  readonly waitingTokens: number;
  /** Age of the one that waits longest, in milliseconds. */
  readonly oldestMs: number;
  /** Time after which a call that came now would have its turn; null while the engine's pace is not known. */
  readonly expectedMs: number | null;
}
