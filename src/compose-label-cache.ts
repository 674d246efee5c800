import { createLabelStore, createScoreStore } from './caching/label-store.ts';
import type { SimilarCounts } from './caching/semantic/semantic-router.ts';
import { createSimilarLabels, type SimilarLabels } from './caching/semantic/similar-labels.ts';
import { newRecheckCounts, type RecheckCounts } from './caching/recheck.ts';
import { connectRedis } from './caching/redis/connection.ts';
import { createLeases } from './caching/redis/leases.ts';
import { createNotices, type Notice } from './caching/redis/notices.ts';
import { labelCodec, scoreCodec } from './caching/redis/label-codec.ts';
import { createSharedLabels, newSharedCounts } from './caching/redis/shared-labels.ts';
import type { SharedCache } from './caching/cached-router.ts';
import type { Parts } from './compose-parts.ts';
import type { Config } from './config/schema.ts';
import type {
  CacheOperations,
  LabelFilter,
  LabelStore,
  SharedLabels,
  StoredScore,
} from './contracts/cache.ts';

type RedisConfig = NonNullable<Config['cache']['redis']>;

/** The labels and scores of a gateway, for all policies. It outlives a reload. */
export interface LabelCache extends CacheOperations {
  /** In memory; empty again when the size changes. */
  store(bytes: number): LabelStore;
  /** Null when the gateway started without Redis. */
  readonly shared: SharedCache | null;
  /** As `store`. */
  scores(bytes: number): LabelStore<StoredScore>;
  readonly sharedScores: SharedLabels<StoredScore> | null;
  readonly rechecks: RecheckCounts;
  /** Labels for similar items, in memory. As many as there was room for when the gateway started. */
  readonly similar: SimilarLabels;
  readonly similarCounts: SimilarCounts;
  close(): void;
}

export function createLabelCache(config: Config['cache'], parts: Parts): LabelCache {
  let { bytes, scoreBytes } = config;
  let store = createLabelStore(bytes, parts.clock);
  let scores = createScoreStore(scoreBytes, parts.clock);
  const rechecks = newRecheckCounts();
  const { semanticBytes, semanticEntries } = config;
  const similar = createSimilarLabels({ bytes: semanticBytes, entries: semanticEntries, clock: parts.clock });
  const similarCounts: SimilarCounts = { found: 0, given: 0, compared: 0, differed: 0 };
  const forget = (filter: LabelFilter): number =>
    store.drop(filter) + scores.drop(filter) + similar.drop(filter);
  const heard = (notice: Notice | 'everything'): void => {
    if (notice === 'everything') forget({});
    else if ('filter' in notice) forget(notice.filter);
    else for (const key of notice.keys) for (const kept of [store, scores]) kept.delete(key);
  };
  const redis = config.redis === undefined ? null : createShared(config.redis, heard, parts);
  const shared = redis?.cache ?? null;
  const sweep = async (filter: LabelFilter, drop: boolean) => ({
    memory: drop ? forget(filter) : store.count(filter) + scores.count(filter) + similar.count(filter),
    redis: redis === null ? null : await redis.sweep(filter, drop),
  });
  return {
    store(wanted) {
      if (wanted !== bytes) store = createLabelStore((bytes = wanted), parts.clock);
      return store;
    },
    shared,
    scores(wanted) {
      if (wanted !== scoreBytes) scores = createScoreStore((scoreBytes = wanted), parts.clock);
      return scores;
    },
    sharedScores: redis?.scores ?? null,
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

interface Shared {
  readonly cache: SharedCache;
  readonly scores: SharedLabels<StoredScore>;
  /** Labels and scores; null when Redis left on the way. */
  sweep(filter: LabelFilter, drop: boolean): Promise<number | null>;
  close(): void;
}

function createShared(
  { prefix, readMs, writeMs, url, username, password }: RedisConfig,
  heard: (notice: Notice | 'everything') => void,
  parts: Parts,
): Shared {
  const { clock, random } = parts;
  const redis = connectRedis({ url, username, password }, parts);
  const notices = createNotices({ redis, prefix, gateway: random.id('gtw_'), clock, heard });
  const means = { ...parts, redis, readMs, writeMs, notices, counts: newSharedCounts() };
  const labels = createSharedLabels({ ...means, prefix: `${prefix}label:`, codec: labelCodec });
  const scores = createSharedLabels({ ...means, prefix: `${prefix}score:`, codec: scoreCodec });
  const leases = createLeases({ redis, prefix, withinMs: readMs, clock, random });
  return {
    cache: { labels, leases, clock },
    scores,
    async sweep(filter, drop) {
      const swept = await Promise.all([labels.sweep(filter, drop), scores.sweep(filter, drop)]);
      return swept.reduce((sum, count) => (sum === null || count === null ? null : sum + count));
    },
    close() {
      notices.close();
      redis.close();
    },
  };
}
