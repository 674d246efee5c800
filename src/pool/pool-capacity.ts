import type { TypicalTimes } from '../contracts/resilience.ts';
import type { EngineCapacity } from '../contracts/scheduling.ts';
import type { Member } from './member.ts';
import { inPlay } from './picker.ts';

/** What a pool's replicas bear together, and who wants to know when it grows. */
export interface PoolCapacity extends EngineCapacity {
  /** A call ended, or a replica changed. */
  changed(): void;
}

export function createPoolCapacity(
  members: () => readonly Member[],
  typicalTimes: TypicalTimes,
): PoolCapacity {
  const listeners = new Set<() => void>();
  const sumOf = (placesOf: (member: Member) => number): number | null => {
    let places = 0;
    for (const member of inPlay(members()).kept) places += placesOf(member);
    return places === 0 ? null : places;
  };
  return {
    current: () => sumOf((member) => member.capacity()),
    working: () => sumOf((member) => member.working()),
    typicalMs: (kind) => typicalTimes.median(kind),
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    changed() {
      for (const listener of listeners) listener();
    },
  };
}
