/** The newest `capacity` values; the oldest goes first. */
export interface Ring<T> {
  add(value: T): void;
  /** Oldest first. */
  values(): T[];
  readonly size: number;
}

export function createRing<T>(capacity: number): Ring<T> {
  const kept: T[] = [];
  let oldest = 0;
  return {
    add(value) {
      if (kept.length < capacity) kept.push(value);
      else {
        kept[oldest] = value;
        oldest = (oldest + 1) % capacity;
      }
    },
    values: () => [...kept.slice(oldest), ...kept.slice(0, oldest)],
    get size() {
      return kept.length;
    },
  };
}
