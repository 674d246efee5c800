import { LRUCache } from 'lru-cache';
import type { LabelFilter, LabelStore, StoredLabel } from '../contracts/cache.ts';
import type { Clock } from '../contracts/clock.ts';
import { fits } from './label-tags.ts';

interface Entry {
  readonly label: StoredLabel;
  /** Instant on the monotonic clock. */
  readonly until: number;
}

/** Labels in the memory of this process, at most `bytes` of it by estimate. */
export function createLabelStore(bytes: number, clock: Pick<Clock, 'monotonic'>): LabelStore {
  let evicted = 0;
  const entries = new LRUCache<string, Entry>({
    maxSize: bytes,
    sizeCalculation: ({ label }) => bytesOf(label),
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

function bytesOf({ result }: StoredLabel): number {
  const reasons = result.decisions.reduce((sum, { reason }) => sum + 100 + reason.length, 0);
  const problems = result.trail.reduce((sum, { problem }) => sum + (problem?.message.length ?? 0), 0);
  return ENTRY_BYTES + CALL_BYTES * result.trail.length + reasons + problems;
}
