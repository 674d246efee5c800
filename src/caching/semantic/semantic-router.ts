import type { SemanticStats } from '../../contracts/cache.ts';
import type { Call } from '../../contracts/call.ts';
import type { Random } from '../../contracts/clock.ts';
import type { Embedder } from '../../contracts/embedder.ts';
import type { Router, RoutingResult } from '../../contracts/routing.ts';
import type { Item } from '../../domain/item.ts';
import { labelOf } from '../../domain/preference.ts';
import type { Label } from '../../domain/verdict.ts';
import type { Place } from '../kept-labels.ts';
import { labelKeyOf } from '../label-key.ts';
import { tagsOf } from '../label-tags.ts';
import { isLasting, withoutCost } from '../stored-result.ts';
import { probeOf, scopeOf } from './probe.ts';
import type { SimilarLabel, SimilarLabels } from './similar-labels.ts';
import type { Nearest, Probe } from './vector-index.ts';

/**
 * A router that gives a similar item's label where that is right often enough. It owns the coin that decides
 * between giving and judging anew, and teaches the entry what came of it. It refuses to answer `refresh` and
 * `bypass`, to give across teams, promises, strata or rubrics, and to keep what is no label; it never fails
 * because it could not look.
 */
export interface SemanticRouterOptions {
  readonly store: SimilarLabels;
  readonly embedder: Embedder;
  readonly random: Pick<Random, 'uniform'>;
  readonly counts: SimilarCounts;
  readonly policy: string;
  /** As for equal items, see label-key.ts. */
  readonly promise: string;
  /** Probability of a wrongly given label that is allowed for each item, in (0, 1). */
  readonly maxError: number;
  /** Least similarity of an item that may be given another one's label, in [0, 1). */
  readonly floor: number;
  readonly ttlMs: number;
  stratumOf(item: Item): string;
  isCurrent(result: RoutingResult, place: Place): boolean;
}

/** Since the start of the gateway, see `SemanticStats`. */
export type SimilarCounts = {
  -readonly [Name in 'found' | 'given' | 'compared' | 'differed']: SemanticStats[Name];
};

export interface SemanticRouter extends Router {
  /** A label given from here was judged anew: the entry learns of it. */
  checked(result: RoutingResult, isCorrect: boolean): void;
}

export function createSemanticRouter(router: Router, options: SemanticRouterOptions): SemanticRouter {
  const { store, embedder, random, counts, floor } = options;
  const origins = new WeakMap<RoutingResult, Nearest<SimilarLabel>>();

  const give = ({ entry, similarity }: Nearest<SimilarLabel>): RoutingResult => {
    const { result } = entry.label;
    const tier = result.end.type === 'failed' ? '' : result.end.tier;
    const reason = `label of a similar item (${similarity.toFixed(3)})`;
    const decisions = [...result.decisions, { tier, accepted: true, reason }];
    const given: RoutingResult = { ...result, decisions, reuse: 'semantic' };
    origins.set(given, { entry, similarity });
    counts.given += 1;
    return given;
  };
  const learn = (asked: Asked, found: Nearest<SimilarLabel> | null, result: RoutingResult): void => {
    const said = keptLabelOf(result);
    if (said === null) return;
    const differs = found !== null && found.entry.said !== said;
    if (found !== null) {
      counts.compared += 1;
      counts.differed += Number(differs);
      found.entry.correctness.saw(found.similarity, !differs);
    }
    // One entry for all that are alike and agree: it learns the faster, and the memory stays small.
    if (found === null || differs)
      store.add(asked.scope, asked.probe, newEntry(asked, result, said, options));
  };

  return {
    async route(item, call, verdictId) {
      if (call.cache !== undefined && call.cache !== 'normal') return router.route(item, call, verdictId);
      const place: Place = { team: call.team, stratum: options.stratumOf(item) };
      const probe = await probeOf(item, embedder, call);
      if (probe === null) return router.route(item, call, verdictId);
      const scope = scopeOf({ ...place, promise: options.promise }, item, embedder);
      const near = store.nearest(scope, probe, floor);
      const found = near !== null && options.isCurrent(near.entry.label.result, place) ? near : null;
      if (found !== null) {
        counts.found += 1;
        const { entry, similarity } = found;
        const share = entry.correctness.exploreShare(similarity, options.maxError);
        if (random.uniform() >= share) return give(found);
      }
      const result = await router.route(item, call, verdictId);
      if (!call.signal.aborted && options.isCurrent(result, place)) {
        learn({ item, call, place, scope, probe }, found, result);
      }
      return result;
    },
    checked(result, isCorrect) {
      const origin = origins.get(result);
      origin?.entry.correctness.saw(origin.similarity, isCorrect);
    },
  };
}

interface Asked {
  readonly item: Item;
  readonly call: Call;
  readonly place: Place;
  readonly scope: string;
  readonly probe: Probe;
}

function newEntry(
  { item, place }: Asked,
  result: RoutingResult,
  said: Label,
  { policy, promise, floor, ttlMs }: SemanticRouterOptions,
) {
  const { order } = labelKeyOf({ ...place, promise }, item);
  const tags = tagsOf(result, item, { policy, team: place.team });
  return { label: { result: withoutCost(result), order, tags }, said, floor, ttlMs };
}

function keptLabelOf(result: RoutingResult): Label | null {
  if (result.end.type !== 'accepted' || !isLasting(result)) return null;
  return labelOf(result.end.judgment.probabilities);
}
