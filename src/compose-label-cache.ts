import { createLabelStore } from './caching/label-store.ts';
import type { SimilarCounts } from './caching/semantic/semantic-router.ts';
import { createSimilarLabels, type SimilarLabels } from './caching/semantic/similar-labels.ts';
import { newRecheckCounts, type RecheckCounts } from './caching/recheck.ts';
import { connectRedis } from './caching/redis/connection.ts';
import { createLeases } from './caching/redis/leases.ts';
import { createNotices, type Notice } from './caching/redis/notices.ts';
import { createSharedLabels } from './caching/redis/shared-labels.ts';
import type { SharedCache } from './caching/cached-router.ts';
import type { Parts } from './compose-parts.ts';
import type { Config } from './config/schema.ts';
import type { CacheOperations, LabelFilter, LabelStore } from './contracts/cache.ts';

type RedisConfig = NonNullable<Config['cache']['redis']>;

/** The labels of a gateway, for all policies. It outlives a reload. */
export interface LabelCache extends CacheOperations {
  /** In memory; empty again when the size changes. */
  store(bytes: number): LabelStore;
  /** Null when the gateway started without Redis. */
  readonly shared: SharedCache | null;
  readonly rechecks: RecheckCounts;
  /** Labels for similar items, in memory. As many as there was room for when the gateway started. */
  readonly similar: SimilarLabels;
  readonly similarCounts: SimilarCounts;
  close(): void;
}

export function createLabelCache(config: Config['cache'], parts: Parts): LabelCache {
  let bytes = config.bytes;
  let store = createLabelStore(bytes, parts.clock);
  const rechecks = newRecheckCounts();
  const { semanticBytes, semanticEntries } = config;
  const similar = createSimilarLabels({ bytes: semanticBytes, entries: semanticEntries, clock: parts.clock });
  const similarCounts: SimilarCounts = { found: 0, given: 0, compared: 0, differed: 0 };
  const forget = (filter: LabelFilter): number => store.drop(filter) + similar.drop(filter);
  const heard = (notice: Notice | 'everything'): void => {
    if (notice === 'everything') forget({});
    else if ('filter' in notice) forget(notice.filter);
    else for (const key of notice.keys) store.delete(key);
  };
  const redis = config.redis === undefined ? null : createShared(config.redis, heard, parts);
  const shared = redis?.cache ?? null;
  const sweep = async (filter: LabelFilter, drop: boolean) => ({
    memory: drop ? forget(filter) : store.count(filter) + similar.count(filter),
    redis: shared === null ? null : await shared.labels.sweep(filter, drop),
  });
  return {
    store(wanted) {
      if (wanted !== bytes) store = createLabelStore((bytes = wanted), parts.clock);
      return store;
    },
    shared,
    rechecks,
    similar,
    similarCounts,
    stats: () => ({
      memory: store.size(),
      redis: shared?.labels.stats() ?? null,
      rechecks: { ...rechecks },
      semantic: { ...similar.size(), ...similarCounts },
    }),
    count: (filter) => sweep(filter, false),
    drop: (filter) => sweep(filter, true),
    close: () => redis?.close(),
  };
}

function createShared(
  { prefix, readMs, writeMs, url, username, password }: RedisConfig,
  heard: (notice: Notice | 'everything') => void,
  parts: Parts,
): { readonly cache: SharedCache; close(): void } {
  const { clock, random } = parts;
  const redis = connectRedis({ url, username, password }, parts);
  const notices = createNotices({ redis, prefix, gateway: random.id('gtw_'), clock, heard });
  const labels = createSharedLabels({ ...parts, redis, prefix: `${prefix}label:`, readMs, writeMs, notices });
  const leases = createLeases({ redis, prefix, withinMs: readMs, clock, random });
  return {
    cache: { labels, leases, clock },
    close() {
      notices.close();
      redis.close();
    },
  };
}
