import type { Item } from '../domain/item.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Call } from './call.ts';

/** Whether an item is to be judged, and with which probability that was to be so. */
export interface Draw {
  readonly taken: boolean;
  /** P(taken), in (0, 1]: told before the coin fell, whatever it said. */
  readonly inclusion: number;
  /** Why it was left out; null when it was taken. */
  readonly reason: string | null;
  /** What asking the scouts took; they are part of the item's cost, taken or not. */
  readonly trail: readonly TrailEntry[];
}

/** Decides which items of a stream are worth judging, one by one, as they come. */
export interface Sampler {
  /** The same item gets the same answer again while it is remembered. Never throws for what engines do. */
  draw(item: Item, call: Call): Promise<Draw>;
}

/** The same for a list of items, by their texts alone; each is drawn once. */
export interface LineSampler {
  draw(item: Item): Draw;
}

/** How the items of one job are to be drawn. */
export interface JobSampling {
  readonly method: 'all' | 'random' | 'diversity';
  /** Share of the items, in (0, 1]; 1 for `all`. */
  readonly share: number;
  readonly seed: number;
  /** Overlap from which items are left out as near-duplicates, in [0.5, 1]; null keeps all. */
  readonly dropNear: number | null;
}
