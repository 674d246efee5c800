/** Quantiles of the last 256 times, for delays that must follow what an engine does. */
export interface LatencyWindow {
  add(ms: number): void;
  /** Null before there are enough times to tell. `q` in (0, 1). */
  quantile(q: number): number | null;
}

const SIZE = 256;
const ENOUGH = 20;
/** Sorting is not for every call: the order is renewed after this many new times. */
const STALE_AFTER = 32;

export function createLatencyWindow(): LatencyWindow {
  const ring = new Float64Array(SIZE);
  let added = 0;
  let sorted = new Float64Array(0);
  let sortedAt = 0;
  return {
    add(ms) {
      ring[added % SIZE] = ms;
      added += 1;
    },
    quantile(q) {
      if (added < ENOUGH) return null;
      if (sorted.length === 0 || added - sortedAt >= STALE_AFTER) {
        sorted = ring.slice(0, Math.min(added, SIZE)).sort();
        sortedAt = added;
      }
      return sorted[Math.ceil(q * sorted.length) - 1] ?? null;
    },
  };
}
