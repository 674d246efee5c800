/** So many at once: whoever takes a slot gives it back; those who wait get theirs in turn. */
export class Slots {
  readonly #onFree: () => void;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `onFree` is told when a slot comes free that nobody waits for. */
  constructor(count: number, onFree: () => void) {
    this.#free = count;
    this.#onFree = onFree;
  }

  get free(): number {
    return this.#free;
  }

  /** True when the slot was got; false when `signal` aborted first, and nothing is to be given back. */
  take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const got = (): void => {
        signal.removeEventListener('abort', left);
        resolve(true);
      };
      const left = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(got), 1);
        resolve(false);
      };
      signal.addEventListener('abort', left, { once: true });
      this.#waiting.push(got);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#free += 1;
    this.#onFree();
  }
}
