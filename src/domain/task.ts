/**
 * Kinds of feedback. `revision` is a critique with at least one round of revising; both go through the same
 * route. A kind decides how many candidates an item has and what its verdict carries.
 */
export const TASKS = ['preference', 'score', 'critique', 'revision', 'ranking'] as const;

export type Task = (typeof TASKS)[number];

/** Fewest and most candidates of an item. */
export const CANDIDATES: Readonly<Record<Task, { readonly least: number; readonly most: number }>> = {
  preference: { least: 2, most: 2 },
  score: { least: 1, most: 1 },
  critique: { least: 1, most: 1 },
  revision: { least: 1, most: 1 },
  ranking: { least: 2, most: 64 },
};
