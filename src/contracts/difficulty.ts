import type { Item } from '../domain/item.ts';

/**
 * Where a plain generation for `assay/<policy>` goes. Asked once for each request, before any engine is;
 * must be quick and must not throw.
 */
export interface GenerationRouter {
  route(prompt: Item['prompt']): GenerationRoute;
}

export interface GenerationRoute {
  /** Engine ids, in the order in which they are tried. */
  readonly engines: readonly string[];
  /** Which end of the policy's engines is tried first. */
  readonly size: 'small' | 'large';
  /** P(the small judge would be refused or disagree) as far as the prompt tells, in [0, 1]; null until learned. */
  readonly difficulty: number | null;
}

/** The largest of a policy's recent difficulties go to the large engine. */
export interface GenerationSettings {
  /** Wished share of requests that the large engine answers, in [0, 1]. */
  readonly largeShare: number;
}
