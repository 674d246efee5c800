import type { Item } from './item.ts';
import { modelFamily } from './model-family.ts';

/**
 * Who wrote each candidate, as the caller's metadata tell: `sources`, one model for each candidate, or `source`, one
 * for all. Null when they do not tell it for every candidate.
 */
export function sourcesOf({
  candidates,
  metadata,
}: Pick<Item, 'candidates' | 'metadata'>): readonly string[] | null {
  const { sources, source } = metadata;
  if (Array.isArray(sources)) {
    const named = sources.filter((name): name is string => typeof name === 'string' && name !== '');
    return named.length === candidates.length && sources.length === candidates.length ? named : null;
  }
  return typeof source === 'string' && source !== '' ? candidates.map(() => source) : null;
}

/** The family of each candidate's writer; null where the name tells none, or nobody is named. */
export function sourceFamilies(item: Pick<Item, 'candidates' | 'metadata'>): readonly (string | null)[] {
  return sourcesOf(item)?.map(modelFamily) ?? item.candidates.map(() => null);
}
