import { abortProblem, type Problem } from '../../domain/errors.ts';

const MOST_WAITING = 10_000;

/** Room for so many items of one team or policy, and the line of those that wait for it. */
export class Room {
  readonly #most: () => number;
  /** Those that wait, in the order in which they came. */
  readonly #line = new Set<() => void>();
  #inside = 0;

  /** `most` may change at any time. */
  constructor(most: () => number) {
    this.#most = most;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Whether one could enter without waiting. */
  get isOpen(): boolean {
    return this.#line.size === 0 && this.#inside < this.#most();
  }

  /** To be called where it is open. */
  enterNow(): void {
    this.#inside += 1;
  }

  /** Null once inside; a problem when the signal was aborted first, or the line is too long. */
  enter(signal: AbortSignal): Promise<Problem | null> {
    if (signal.aborted) return Promise.resolve(abortProblem(signal.reason));
    if (this.isOpen) {
      this.enterNow();
      return Promise.resolve(null);
    }
    if (this.#line.size >= MOST_WAITING) return Promise.resolve(CROWDED);
    return new Promise((resolve) => {
      const come = (): void => {
        signal.removeEventListener('abort', giveUp);
        this.enterNow();
        resolve(null);
      };
      const giveUp = (): void => {
        this.#line.delete(come);
        resolve(abortProblem(signal.reason));
      };
      this.#line.add(come);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    this.#inside -= 1;
    this.serve();
  }

  /** Lets in whoever has room now. */
  serve(): void {
    for (const come of this.#line) {
      if (this.#inside >= this.#most()) return;
      this.#line.delete(come);
      come();
    }
  }
}

const CROWDED: Problem = {
  code: 'overloaded',
  message: `more than ${MOST_WAITING} items wait for a limit of items at once`,
  param: null,
};
