import { LRUCache } from 'lru-cache';
import type { LabelFilter, LabelStore, Stored, StoredLabel, StoredScore } from '../contracts/cache.ts';
import type { Clock } from '../contracts/clock.ts';
import { fits } from './label-tags.ts';

interface Entry<L> {
  readonly label: L;
  /** Instant on the monotonic clock. */
  readonly until: number;
}

/** Labels in the memory of this process, at most `bytes` of it by estimate. */
export function createLabelStore(bytes: number, clock: Pick<Clock, 'monotonic'>): LabelStore {
  return createStore<StoredLabel>(bytes, clock, ({ result }) => bytesOf(result));
}

/** The same for scores. */
export function createScoreStore(bytes: number, clock: Pick<Clock, 'monotonic'>): LabelStore<StoredScore> {
  return createStore<StoredScore>(bytes, clock, ({ result }) => {
    const { end } = result;
    return bytesOf(result) + (end.type === 'failed' ? 0 : CRITERION_BYTES * end.judgment.criteria.length);
  });
}

function createStore<L extends Stored>(
  bytes: number,
  clock: Pick<Clock, 'monotonic'>,
  size: (label: L) => number,
): LabelStore<L> {
  let evicted = 0;
  const entries = new LRUCache<string, Entry<L>>({
    maxSize: bytes,
    sizeCalculation: ({ label }) => size(label),
    dispose(_entry, _key, reason) {
      if (reason === 'evict') evicted += 1;
    },
  });
  const keysThatFit = (filter: LabelFilter): string[] => {
    const isMeant = fits(filter);
    return [...entries.entries()].filter(([, { label }]) => isMeant(label.tags)).map(([key]) => key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.until > clock.monotonic()) return entry?.label;
      entries.delete(key);
      return undefined;
    },
    set: (key, label, ttlMs) => void entries.set(key, { label, until: clock.monotonic() + ttlMs }),
    delete: (key) => void entries.delete(key),
    count: (filter) => keysThatFit(filter).length,
    drop(filter) {
      const keys = keysThatFit(filter);
      for (const key of keys) entries.delete(key);
      return keys.length;
    },
    size: () => ({ entries: entries.size, bytes: entries.calculatedSize, mostBytes: bytes, evicted }),
  };
}

/**
 * Measured on the heap (docs/caching.md): the entry with its judgment, and each call of the trail, to which comes
 * its text once the label was given (wire/feedback-text.ts).
 */
const ENTRY_BYTES = 1_700;
const CALL_BYTES = 1_000;
/** A criterion has a number for each point of its scale. */
const CRITERION_BYTES = 600;

function bytesOf(result: Stored['result']): number {
  const reasons = result.decisions.reduce((sum, { reason }) => sum + 100 + reason.length, 0);
  const problems = result.trail.reduce((sum, { problem }) => sum + (problem?.message.length ?? 0), 0);
  return ENTRY_BYTES + CALL_BYTES * result.trail.length + reasons + problems;
}
