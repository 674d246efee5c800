import type { CallClass } from '../contracts/call.ts';
import type { Places } from '../contracts/scheduling.ts';
import { ClassLine } from './class-line.ts';
import type { QueueSettings } from './settings.ts';

/** One class of calls before an engine: its line, its part of the places, and whether it was passed over too long. */
export interface Lane {
  readonly class: CallClass;
  /** 0 is the most urgent. */
  readonly rank: number;
  readonly line: ClassLine;
  /** How many of the engine's places may be taken when one of this class goes next. */
  placesOf(places: Places, isUrgentNear: boolean): number;
  /** It has waited so long that it gets the next place out of its turn. */
  isStarving(now: number): boolean;
  /** Instant at which it starves at the latest, if it gets nothing; null in an empty line. */
  starvesAt(): number | null;
  /** It got a place, or its first waiter came: time and passes count from here. */
  counted(now: number): void;
  /** A more urgent class got one while this waits. */
  passed(): void;
}

export const CLASSES: readonly CallClass[] = ['interactive', 'trainer', 'batch', 'audit'];

/** Classes that leave a reserve free for the others. */
export function isPatientClass(of: CallClass): boolean {
  return of === 'batch' || of === 'audit';
}

/** Places that go to more urgent classes before one that waits for long gets one. */
const PASSES = 15;

export function createLane(of: CallClass, settings: () => QueueSettings): Lane {
  const line = new ClassLine((team) => settings().shareOf(team));
  const isPatient = isPatientClass(of);
  let passes = 0;
  let lastAt = 0;
  return {
    class: of,
    rank: CLASSES.indexOf(of),
    line,
    placesOf({ all, working }, isUrgentNear) {
      if (!isPatient) return all;
      // What waits inside the engine is before whoever comes: a reserve helps only among what it works on.
      const places = isUrgentNear ? working : all;
      // Without bounds there is no share to keep.
      if (places === Number.POSITIVE_INFINITY) return places;
      return Math.max(1, places - Math.ceil(places * settings().reserve));
    },
    isStarving(now) {
      const since = line.oldestSince();
      const { promoteAfterMs } = settings();
      if (since === null || now - since < promoteAfterMs) return false;
      return passes >= PASSES || now - lastAt >= promoteAfterMs;
    },
    starvesAt() {
      const since = line.oldestSince();
      return since === null ? null : Math.max(since, lastAt) + settings().promoteAfterMs;
    },
    counted(now) {
      passes = 0;
      lastAt = now;
    },
    passed() {
      passes += 1;
    },
  };
}
