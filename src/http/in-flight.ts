import type { Clock } from '../contracts/clock.ts';
import type { Exchange } from './exchange.ts';

/** The exchanges under way, and a way to wait until there are none. */
export class InFlight {
  readonly #exchanges = new Set<Exchange>();
  #onEmpty: (() => void) | null = null;

  add(exchange: Exchange): void {
    this.#exchanges.add(exchange);
  }

  remove(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size === 0) this.#onEmpty?.();
  }

  [Symbol.iterator](): Iterator<Exchange> {
    return [...this.#exchanges].values();
  }

  /** Resolves when nothing is under way, at the latest after `ms`. */
  empty(clock: Clock, ms: number): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stopTimer = clock.after(ms, resolve);
      this.#onEmpty = () => {
        stopTimer();
        resolve();
      };
    });
  }
}
