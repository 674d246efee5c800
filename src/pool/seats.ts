import type { Clock } from '../contracts/clock.ts';
import type { ReplicaLoad } from '../contracts/engine.ts';

/**
 * How many calls from here keep a replica's engine busy without a long queue inside it, learned from the engine's
 * own figures. What waits in there is in nobody's order any more and cannot be called back cheaply.
 */
export interface Seats {
  /** Whole calls, >= 1; infinite while the engine never told of a queue. */
  current(): number;
  /** Of them those that the engine works on; >= 1. */
  working(): number;
  /** The engine told its figures; `ours` of the requests are from here. */
  told(load: ReplicaLoad, ours: number): void;
}

/** An engine may hold a quarter more than it works on, and two: they are there when it has a place. */
const QUEUE_SHARE = 0.25;
const QUEUE_LEAST = 2;
/** Growth by one look at an engine without a queue whose seats are taken. */
const GROWTH = 1.25;
/** After so long without figures, what was learned is forgotten. */
const FORGET_MS = 10_000;

export function createSeats(clock: Clock): Seats {
  let seats = Number.POSITIVE_INFINITY;
  let toldAt = 0;
  const current = (): number => {
    if (seats !== Number.POSITIVE_INFINITY && clock.monotonic() - toldAt > FORGET_MS) {
      seats = Number.POSITIVE_INFINITY;
    }
    return Math.floor(seats);
  };
  return {
    current,
    working: () => Math.max(1, Math.floor((current() - QUEUE_LEAST) / (1 + QUEUE_SHARE))),
    told({ running, waiting }, ours) {
      toldAt = clock.monotonic();
      const wanted = running * (1 + QUEUE_SHARE) + QUEUE_LEAST;
      const there = running + waiting;
      // Of a queue that is too long everybody who fills it gives up the same part.
      if (there > wanted && ours > 0) seats = Math.max(1, Math.min(seats, ours, there) * (wanted / there));
      else if (ours >= seats / GROWTH) seats = seats * GROWTH + 1;
    },
  };
}
