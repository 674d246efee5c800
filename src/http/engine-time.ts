import type { EngineTime } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';

/** The time, in milliseconds, in which at least one engine call of a request was out. */
export class EngineStopwatch implements EngineTime {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #out = 0;
  #since = 0;
  #ms = 0;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  began(): void {
    this.#out += 1;
    if (this.#out === 1) this.#since = this.#clock.monotonic();
  }

  ended(): void {
    this.#out -= 1;
    if (this.#out === 0) this.#ms += this.#clock.monotonic() - this.#since;
  }

  /** Up to now, calls under way included. */
  ms(): number {
    return this.#out === 0 ? this.#ms : this.#ms + this.#clock.monotonic() - this.#since;
  }
}
