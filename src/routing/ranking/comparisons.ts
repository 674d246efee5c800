import type { Call } from '../../contracts/call.ts';
import type { Router, RoutingResult } from '../../contracts/routing.ts';
import type { Problem } from '../../domain/errors.ts';
import type { Item } from '../../domain/item.ts';
import { mapBounded } from '../../domain/map-bounded.ts';
import { labelOf } from '../../domain/preference.ts';
import { isFromStore, type TrailEntry } from '../../domain/verdict.ts';
import type { Comparison } from '../../statistics/bradley-terry.ts';
import type { Pair } from '../../statistics/pair-choice.ts';

/** The comparisons of one ranking: each pair goes through the router of its policy like any other item. */
export interface Comparisons {
  /** Compares the pairs, at most `concurrency` at once. */
  ask(pairs: readonly Pair[]): Promise<void>;
  /** Between positions of the different candidates. */
  readonly judged: readonly Comparison[];
  readonly failed: readonly FailedComparison[];
  readonly trail: readonly TrailEntry[];
  /** A label went out by a plain threshold, which proves nothing. */
  readonly isUncertified: boolean;
  /** Every comparison so far cost nothing. */
  readonly isCached: boolean;
}

export interface FailedComparison {
  readonly pair: Pair;
  /** Null when the judges abstained. */
  readonly problem: Problem | null;
}

export interface ComparisonSource {
  readonly router: Router;
  readonly item: Item;
  /** Positions in `item.candidates` of the candidates that are compared. */
  readonly positions: readonly number[];
  readonly call: Call;
  readonly verdictId: string;
  readonly concurrency: number;
}

export function createComparisons(source: ComparisonSource): Comparisons {
  const judged: Comparison[] = [];
  const failed: FailedComparison[] = [];
  const trail: TrailEntry[] = [];
  let isUncertified = false;
  let isCached = true;

  const take = (pair: Pair, { end, trail: calls, reuse }: RoutingResult): void => {
    trail.push(...calls.map((entry) => ({ ...entry, part: nameOf(source, pair) })));
    isCached &&= isFromStore(reuse);
    const label = end.type === 'accepted' ? labelOf(end.judgment.probabilities) : null;
    if (end.type !== 'accepted' || label === null) {
      failed.push({ pair, problem: end.type === 'failed' ? end.problem : null });
      return;
    }
    isUncertified ||= end.basis === 'threshold';
    const { a, tie } = end.judgment.probabilities;
    judged.push({ first: pair[0], second: pair[1], win: a + tie / 2 });
  };

  const compare = async (pair: Pair): Promise<void> => {
    const { router, item, positions, call, verdictId } = source;
    if (call.signal.aborted) return;
    const candidates = pair.map((place) => item.candidates[positions[place] ?? 0] ?? '');
    const name = nameOf(source, pair);
    const { rubric, prompt, metadata, wishes } = item;
    const about = pairMetadata(
      metadata,
      pair.map((place) => positions[place] ?? 0),
    );
    const pairItem: Item = { id: `${item.id} ${name}`, prompt, candidates, rubric, metadata: about };
    const asked = wishes?.reasons === true ? { ...pairItem, wishes: { reasons: true } } : pairItem;
    take(pair, await router.route(asked, call, `${verdictId}.${name.replace(' ', '.')}`));
  };

  return {
    async ask(pairs) {
      await mapBounded(pairs, source.concurrency, compare);
    },
    judged,
    failed,
    trail,
    get isUncertified() {
      return isUncertified;
    },
    get isCached() {
      return isCached && judged.length + failed.length > 0;
    },
  };
}

/** The pair by the positions that the caller knows, such as `0 3`. */
export function nameOf({ positions }: Pick<ComparisonSource, 'positions'>, pair: Pair): string {
  return pair.map((place) => positions[place]).join(' ');
}

/** The group's metadata, with the sources of the two candidates that are compared. */
function pairMetadata(metadata: Item['metadata'], places: readonly number[]): Item['metadata'] {
  const { sources } = metadata;
  return Array.isArray(sources) ? { ...metadata, sources: places.map((place) => sources[place]) } : metadata;
}
