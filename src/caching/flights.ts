import type { Call } from '../contracts/call.ts';
import type { RoutingResult } from '../contracts/routing.ts';

/**
 * Single-flight: callers who ask the same thing at the same time wait for one answer. The work runs under a
 * call of its own, whose deadline is the latest of those who wait and which is aborted when the last of them
 * leaves. Whoever leaves earlier leaves alone. Bounded by the calls that wait.
 */
export interface Flights<R = RoutingResult> {
  /** Waits for the flight of `key`, or begins it with `fly`. Rejects when `fly` does. */
  join(key: string, call: Call, fly: (shared: Call) => Promise<R>): Promise<Landing<R>>;
}

export type Landing<R = RoutingResult> =
  /** This caller's own signal aborted while others still wait. */
  | { readonly type: 'left' }
  | {
      readonly type: 'landed';
      readonly result: R;
      /** The flight began with this caller. */
      readonly began: boolean;
      /** One of those who are still there gets the price: the one that waited longest. */
      readonly pays: boolean;
    };

export function createFlights<R = RoutingResult>(): Flights<R> {
  const flights = new Map<string, Flight<R>>();
  return {
    join(key, call, fly) {
      const known = flights.get(key);
      if (known !== undefined) return known.board(call, false);
      const flight = new Flight<R>(call, fly, () => {
        if (flights.get(key) === flight) flights.delete(key);
      });
      flights.set(key, flight);
      return flight.board(call, true);
    },
  };
}

class Flight<R> {
  readonly #abort = new AbortController();
  /** In the order in which they came. */
  readonly #passengers = new Set<object>();
  readonly #closed: () => void;
  readonly #end: Promise<R>;
  #deadline: number;

  constructor(first: Call, fly: (shared: Call) => Promise<R>, closed: () => void) {
    this.#deadline = first.deadline;
    this.#closed = closed;
    this.#end = fly(this.#sharedCall(first)).finally(closed);
  }

  board(call: Call, began: boolean): Promise<Landing<R>> {
    const passenger = {};
    this.#passengers.add(passenger);
    this.#deadline = Math.max(this.#deadline, call.deadline);
    const { signal } = call;
    const { promise, resolve } = Promise.withResolvers<Landing<R>>();
    const leave = (): void => {
      if (this.#passengers.size > 1) {
        this.#passengers.delete(passenger);
        resolve({ type: 'left' });
        return;
      }
      // Nobody may join what is being aborted. The last one stays for what was done and what it cost.
      this.#closed();
      this.#abort.abort(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    const landed = this.#end.then((result): Landing<R> => {
      const [longest] = this.#passengers;
      return { type: 'landed', result, began, pays: longest === passenger };
    });
    return Promise.race([promise, landed]).finally(() => signal.removeEventListener('abort', leave));
  }

  /** Reads the deadline anew each time: it grows when somebody joins who has more time. */
  #sharedCall(first: Call): Call {
    const latest = (): number => this.#deadline;
    return {
      ...first,
      signal: this.#abort.signal,
      get deadline() {
        return latest();
      },
    };
  }
}
