import type { CallClass } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineCapacity, Places, QueueState } from '../contracts/scheduling.ts';
import type { QueueSettings } from './settings.ts';
import type { Waiter } from './waiter.ts';
import { Waiting } from './waiting.ts';

/**
 * Gives the places at one engine to calls. Places are what its replicas bear; they go to the most urgent class
 * that waits, and inside it to the team served least for its share. `batch` and `audit` leave a reserve of the
 * places free, so that whoever is more urgent finds one at once. No place stays free for whom it could serve.
 */
export interface Dispatcher {
  /** A place at once, or null when the call must wait. */
  tryEnter(team: string, of: CallClass): Place | null;
  /** Lets it wait, at most until its `end` is told; false when there is no room. */
  wait(waiter: Waiter): boolean;
  /** It leaves before its turn. */
  leave(waiter: Waiter): void;
  /** The place of a waiter whose turn came. */
  placeOf(waiter: Waiter): Place;
  expectedMs(team: string, of: CallClass): number | null;
  /** There may be more places, or other settings. */
  changed(): void;
  isIdle(): boolean;
  state(): QueueState;
  /** Everybody who waits goes. */
  close(): void;
}

/** A place at the engine, held until it is ended; only the first end counts. */
export interface Place {
  /** Tokens that were computed for the call; null counts those that were estimated. */
  end(tokens: number | null): void;
}

export interface DispatcherOptions {
  readonly capacity: EngineCapacity;
  /** Read anew each time: they may change. */
  readonly settings: () => QueueSettings;
  readonly clock: Clock;
}

export function createDispatcher({ capacity, settings, clock }: DispatcherOptions): Dispatcher {
  const waiting = new Waiting(settings, clock);
  let running = 0;
  const timer = createStarvationTimer(waiting, clock, () => pump());
  const pump = (): void => {
    if (waiting.count === 0) return;
    const now = placesOf(capacity);
    for (let next = waiting.take(running, now); next !== null; next = waiting.take(running, now)) {
      running += 1;
      waiting.granted(next.class);
      next.end('turn');
    }
    timer.set(running < now.all);
  };
  const placeFor = (of: CallClass, team: string, charged: number): Place => {
    let ended = false;
    return {
      end(tokens) {
        if (ended) return;
        ended = true;
        running -= 1;
        waiting.settle({ team, class: of }, { charged, used: tokens ?? charged });
        pump();
      },
    };
  };
  return {
    tryEnter(team, of) {
      if (!waiting.mayPass(of, running, placesOf(capacity))) return null;
      running += 1;
      waiting.granted(of);
      return placeFor(of, team, 0);
    },
    wait(waiter) {
      const hasRoom = waiting.add(waiter);
      pump();
      return hasRoom;
    },
    leave(waiter) {
      // The next one may be of a class that has a place.
      if (waiting.remove(waiter)) pump();
    },
    placeOf: ({ class: of, team, tokens }) => placeFor(of, team, tokens),
    expectedMs: (team, of) => waiting.expectedMs(team, of),
    changed: pump,
    isIdle: () => waiting.count === 0,
    state: () => ({
      waiting: waiting.count,
      waitingBytes: waiting.bytes,
      running,
      capacity: capacity.current(),
      lines: waiting.lines(),
    }),
    close() {
      timer.stop();
      waiting.endAll('closed');
    },
  };
}

/** Where no replica takes calls nobody waits. */
function placesOf(capacity: EngineCapacity): Places {
  return {
    all: capacity.current() ?? Number.POSITIVE_INFINITY,
    working: capacity.working() ?? Number.POSITIVE_INFINITY,
  };
}

/** A patient class beside a free place starves by time alone, whoever comes or goes. */
function createStarvationTimer(waiting: Waiting, clock: Clock, onDue: () => void) {
  let stop: (() => void) | null = null;
  return {
    /** Places are left free beside those who wait, or none is. */
    set(hasFree: boolean): void {
      stop?.();
      const dueAt = hasFree ? waiting.starvesAt() : null;
      stop = dueAt === null ? null : clock.after(Math.max(1, dueAt - clock.monotonic()), onDue);
    },
    stop: () => stop?.(),
  };
}
