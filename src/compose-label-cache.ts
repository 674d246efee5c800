import { createLabelStore } from './caching/label-store.ts';
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
  close(): void;
}

export function createLabelCache(config: Config['cache'], parts: Parts): LabelCache {
  let bytes = config.bytes;
  let store = createLabelStore(bytes, parts.clock);
  const rechecks = newRecheckCounts();
  const heard = (notice: Notice | 'everything'): void => {
    if (notice === 'everything') store.drop({});
    else if ('filter' in notice) store.drop(notice.filter);
    else for (const key of notice.keys) store.delete(key);
  };
  const redis = config.redis === undefined ? null : createShared(config.redis, heard, parts);
  const shared = redis?.cache ?? null;
  const sweep = async (filter: LabelFilter, drop: boolean) => ({
    memory: drop ? store.drop(filter) : store.count(filter),
    redis: shared === null ? null : await shared.labels.sweep(filter, drop),
  });
  return {
    store(wanted) {
      if (wanted !== bytes) store = createLabelStore((bytes = wanted), parts.clock);
      return store;
    },
    shared,
    rechecks,
    stats: () => ({ memory: store.size(), redis: shared?.labels.stats() ?? null, rechecks: { ...rechecks } }),
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
