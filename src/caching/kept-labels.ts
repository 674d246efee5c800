import type { StoredLabel } from '../contracts/cache.ts';
import type { RoutingResult } from '../contracts/routing.ts';
import type { Reuse } from '../domain/verdict.ts';
import type { Asked, CachedRouterOptions } from './cached-router.ts';
import type { LabelScope } from './label-key.ts';
import { tagsOf } from './label-tags.ts';
import { flipped, isLasting, isOrderFree, withoutCost } from './stored-result.ts';

/** Whose label it is, and of which kind of items. */
export type Place = Pick<LabelScope, 'team' | 'stratum'>;

/** The labels of one policy, in memory and elsewhere: which of them may be given for an item, and which are kept. */
export interface KeptLabels {
  /** From memory, for the item's own arrangement. */
  find(asked: Asked): Given | undefined;
  /** From the store of several gateways; what it has is in memory then. */
  findElsewhere(asked: Asked): Promise<Given | null>;
  /** Null when it is not kept; else it is in memory, and the promise resolves when it is elsewhere too. */
  keep(asked: Asked, result: RoutingResult): Promise<void> | null;
  /** Other gateways have an older label in memory; to be told when the new one is `written`. */
  outdated(asked: Asked, written: Promise<void>): void;
}

type Given = RoutingResult & { readonly reuse: Reuse };

export function createKeptLabels(options: CachedRouterOptions): KeptLabels {
  const { store, ttlMs } = options;
  const shared = options.shared?.labels;

  const give = ({ key, place }: Asked, stored: StoredLabel): Given | undefined => {
    if (!options.isCurrent(stored.result, place)) return undefined;
    return stored.order === key.order
      ? { ...stored.result, reuse: 'exact' }
      : { ...flipped(stored.result), reuse: 'flipped' };
  };

  return {
    find(asked) {
      const { pair, arranged } = asked.key;
      const stored = store.get(pair) ?? store.get(arranged);
      return stored === undefined ? undefined : give(asked, stored);
    },
    async findElsewhere(asked) {
      const { pair, arranged } = asked.key;
      const found = await shared?.get([pair, arranged]);
      const result = found === undefined ? undefined : give(asked, found.label);
      if (found === undefined || result === undefined) return null;
      const key = isOrderFree(found.label.result) ? pair : arranged;
      // Another gateway's policy may keep it for longer than this one's.
      store.set(key, found.label, Math.min(found.ttlMs, ttlMs));
      return result;
    },
    keep({ key, place, item }, result) {
      if (!isLasting(result) || !options.isCurrent(result, place)) return null;
      const tags = tagsOf(result, item, { policy: options.policy, team: place.team });
      const label = { result: withoutCost(result), order: key.order, tags };
      if (isOrderFree(result)) {
        store.set(key.pair, label, ttlMs);
        return shared?.set(key.pair, label, ttlMs) ?? WRITTEN;
      }
      // The newer one counts, also when it is good for one arrangement alone.
      store.delete(key.pair);
      store.set(key.arranged, label, ttlMs);
      if (shared === undefined) return WRITTEN;
      return Promise.all([shared.delete([key.pair]), shared.set(key.arranged, label, ttlMs)]).then(() => {});
    },
    outdated({ key }, written) {
      void written.then(() => shared?.outdated([key.pair, key.arranged]));
    },
  };
}

const WRITTEN = Promise.resolve();
